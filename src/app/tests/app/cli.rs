//! The command line as sessions: command, input folder, expected text and exit status, in `testdata/cli`.

#[test]
fn sessions_say_what_they_always_said() {
    trycmd::TestCases::new()
        .register_bin(
            "betwixt",
            std::path::Path::new(env!("CARGO_BIN_EXE_betwixt")),
        )
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .case("../../testdata/cli/*.trycmd");
}
