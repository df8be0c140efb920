//! The `tidewatch` binary with all components that come with it.

fn main() -> std::process::ExitCode {
    tidewatch::main(tidewatch::components())
}
