use super::{check_body, check_in};

const FMT: &str = "import \"fmt\"";

#[test]
fn sums_with_a_literal_are_text() {
    check_body(
        "a := \"tenant:\" + id + \":\" + (\"x\" + y)
         b := \"SELECT \" + \"1\"
         c := x + y
         d := 'a' + n",
        r#"
        a#0 = "tenant:" ++ id ++ ":x" ++ y
        b#1 = "SELECT 1"
        c#2 = x + y
        d#3 = "a" + n
        "#,
    );
}

#[test]
fn formats_are_filled_in() {
    check_in(
        FMT,
        "a := fmt.Sprintf(\"k:%s:%d%%\", id, n)
         b := fmt.Sprintf(\"%[2]s-%[1]s-%[2]s\", x, g())
         c := fmt.Sprintf(\"%q %+v %6.2f %*d %x\", a1, a2, a3, w, a4, a5)
         d := fmt.Sprintf(\"plain\")",
        r#"
        a#0 = "k:" ++ id ++ ":" ++ n ++ "%"
        b#1 = ($1 = g()) ++ "-" ++ x ++ "-" ++ $1
        c#2 = "\"" ++ a1 ++ "\" " ++ a2 ++ " " ++ a3 ++ " " ++ a4 ++ " " ++ a5
        d#3 = "plain"
        "#,
    );
}

#[test]
fn arguments_a_format_does_not_use_are_still_lowered() {
    check_in(
        FMT,
        "a := fmt.Sprintf(\"%s\", x, g(), y)
         b := fmt.Sprintf(\"%s %s\", x)
         c := fmt.Sprintf(\"%s %s %s\", x, rest...)",
        r#"
        g()
        a#0 = text x
        b#1 = x ++ " " ++ ?
        c#2 = x ++ " " ++ rest[?] ++ " " ++ rest[?]
        "#,
    );
}

#[test]
fn a_format_with_holes_of_its_own_is_filled_in_order() {
    check_in(
        FMT,
        "a := fmt.Sprintf(\"SELECT \"+columns+\" FROM t WHERE id = %d\", id)",
        r#"a#0 = "SELECT " ++ columns ++ " FROM t WHERE id = " ++ id"#,
    );
}

#[test]
fn other_makers_of_text() {
    check_in(
        FMT,
        "a := fmt.Sprint(\"x\", y)
         b := fmt.Appendf(nil, \"k:%s\", id)
         c := fmt.Appendf(b, \"%s\", id)",
        r#"
        a#0 = "x" ++ y
        b#1 = "k:" ++ id
        c#2 = b#1 ++ id
        "#,
    );
}

#[test]
fn only_literal_formats_of_the_real_package_are_text() {
    check_in(
        FMT,
        "a := fmt.Sprintf(layout, id)
         fmt.Println(\"x\")
         fmt := fake
         b := fmt.Sprintf(\"%s\", id)",
        r#"
        a#0 = fmt.Sprintf(layout, id)
        fmt.Println("x")
        fmt#1 = fake
        b#2 = fmt#1.Sprintf("%s", id)
        "#,
    );
    check_body(
        "a := fmt.Sprintf(\"%s\", id)",
        "a#0 = fmt.Sprintf(\"%s\", id)",
    );
}
