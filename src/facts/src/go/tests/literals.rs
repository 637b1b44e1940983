use super::{check, check_body, check_in};

#[test]
fn structs_are_named_or_counted() {
    check_body(
        "a := T{X: 1, Y: g()}
         b := &pkg.T{1, \"two\"}
         c := struct{ n int }{n: 1}
         d := T{}",
        r#"
        a#0 = T{X: 1, Y: g()}
        b#1 = &pkg.T{0: 1, 1: "two"}
        c#2 = {n: int}{n: 1}
        d#3 = T{}
        "#,
    );
}

#[test]
fn lists_and_elided_types() {
    check_body(
        "a := []string{\"x\", y}
         b := [...]int{2: 5}
         c := []*T{{X: 1}, {X: 2}}
         d := [][]int{{1}, {2, 3}}
         e := []T{}
         f := map[string]struct{}{\"k\": {}}",
        r#"
        a#0 = ["x", y]
        b#1 = [5]
        c#2 = [&T{X: 1}, &T{X: 2}]
        d#3 = [[1], [2, 3]]
        e#4 = [] as []T
        f#5 = map[string]{}{k: {}{}}
        "#,
    );
}

#[test]
fn maps_keep_constant_keys_beside_their_values() {
    check_body(
        "a := map[string]T{\"k\": {X: 1}}
         b := map[int]bool{1: true}
         c := map[Topic]Handler{Paid: onPaid, events.Sent: onSent, \"raw\": onRaw}",
        r#"
        a#0 = map[string]T{k: T{X: 1}}
        b#1 = map[int]bool{"": true}
        $1 = map[Topic]Handler{"": onPaid, "": onSent, raw: onRaw}
        $1[Paid] = onPaid
        $1[events.Sent] = onSent
        c#2 = $1
        "#,
    );
}

#[test]
fn routing_tables_of_the_package_are_filled_by_the_module() {
    check(
        "var handlers = map[string]Handler{Paid: func() {}}",
        r#"
        var handlers = …
        fn <module>() {
          $1 = map[string]Handler{"": $2 = fn handlers.<closure>() {}}
          $1[Paid] = $2
          handlers = $1
        }
        "#,
    );
}

#[test]
fn defined_types_are_looked_through() {
    check_in(
        "type Names []string
         type Rows []Row
         type Table map[string]int
         type Row struct { id int }",
        "a := Names{\"x\"}
         b := Rows{{id: 1}}
         c := Table{key: 1}
         d := bson.D{{\"a\", 1}}
         e := bson.M{\"a\": 1}",
        r#"
        a#0 = ["x"] as Names
        b#1 = [Row{id: 1}] as Rows
        $1 = Table{"": 1}
        $1[key] = 1
        c#2 = $1
        d#3 = [{0: "a", 1: 1}] as bson.D
        e#4 = bson.M{a: 1}
        "#,
    );
}

#[test]
fn plain_literals() {
    check_body(
        "use(1, 0x1F, 1.5, 2i, 'a', '\\n', \"a\\tb\", `raw\\n`, true, nil, iota)",
        r#"use(1, 0x1F, 1.5, 2i, "a", "\n", "a\tb", "raw\\n", true, nil, iota)"#,
    );
}
