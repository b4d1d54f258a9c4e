//! The program: hands the command line over and returns its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    portico::cli::run(std::env::args_os())
}
