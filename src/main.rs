//! The `tidewatch` binary with all components that come with it.

/// Chosen by measurement: with many connections glibc's allocator keeps several times what is held
/// (docs/decisions/0008-allocator.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    tidewatch::main(tidewatch::components())
}
