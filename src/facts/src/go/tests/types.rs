use super::check;

#[test]
fn structs_have_fields_tags_and_embedded_types() {
    check(
        "type Server struct {
            *Base
            sync.Mutex
            Cache[string]
            db, replica *sql.DB `json:\"db\"`
            name string \"a\\tb\"
            inner struct { n int }
         }",
        r#"
        struct Server: *Base, sync.Mutex, Cache<string>
          embed Base: *Base
          embed Mutex: sync.Mutex
          embed Cache: Cache<string>
          db: *sql.DB `json:\"db\"`
          replica: *sql.DB `json:\"db\"`
          name: string `a\tb`
          inner: {n: int}
        "#,
    );
}

#[test]
fn interfaces_have_methods_and_bases() {
    check(
        "type Store interface {
            Get(ctx context.Context, ids ...string) (row *Row, err error)
            Close() error
            On(func(int), chan<- bool)
            io.Reader
            ~int | ~string
         }",
        "
        interface Store: io.Reader, (int | string)
          fn Get(ctx: context.Context, ids: []string) -> *Row, error
          fn Close() -> error
          fn On(_: fn(int), _: chan bool)
        ",
    );
}

#[test]
fn defined_types_and_aliases_stand_for_others() {
    check(
        "type (
            ID string
            Names []string
            Table map[string][]*Row
            Handler func(ctx context.Context, b []byte) error
            Other = pkg.T
         )
         type Pair[K comparable, V any] struct { key K; value V }
         type Point = struct { x, y int }",
        "
        type ID = string
        type Names = []string
        type Table = map[string][]*Row
        type Handler = fn(context.Context, []byte) -> (error)
        type Other = pkg.T
        struct Pair<K, V>
          key: K
          value: V
        struct Point
          x: int
          y: int
        ",
    );
}

#[test]
fn every_form_of_type_has_one() {
    check(
        "var a [4]byte
         var b *pkg.T
         var c pkg.Gen[int, *T]
         var d func(int, ...string) (bool, error)
         var e <-chan struct{}
         var f interface{}
         var g interface { M(int) string }
         var h (int)",
        "
        var a: []byte
        var b: *pkg.T
        var c: pkg.Gen<int, *T>
        var d: fn(int, []string) -> (bool, error)
        var e: chan {}
        var f: any
        var g: {M: fn(int) -> (string)}
        var h: int
        ",
    );
}

#[test]
fn types_inside_functions_are_types_of_the_file() {
    check(
        "func f() { type row struct { id int }; r := row{1}; use(r, row(r)) }",
        "
        struct row
          id: int
        fn f() {
          r#0 = row{0: 1}
          use(r#0, r#0 as row)
        }
        ",
    );
}
