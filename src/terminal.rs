//! What is said to whoever typed the command.

use std::io::{self, IsTerminal, Write};
use tidewatch_config::Diagnostics;

/// Whether standard error shows colours.
pub(crate) fn color() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Shows mistakes and warnings on standard error.
pub(crate) fn show(diagnostics: &Diagnostics) {
    say(&diagnostics.render(color()));
}

/// Shows an error, and what to do about it, on standard error.
pub(crate) fn error(message: &str, help: &str) {
    let (red, reset) = if color() { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
    say(&format!("{red}error{reset}: {message}\n\n{help}\n"));
}

/// Shows an error of one line on standard error.
pub(crate) fn fail(message: &str) {
    let (red, reset) = if color() { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
    say(&format!("{red}error{reset}: {message}\n"));
}

/// Prints a result on standard output. Who reads only the start of it, as `head` does, is no error.
pub(crate) fn print(text: &str) {
    io::stdout().lock().write_all(text.as_bytes()).ok();
}

fn say(text: &str) {
    // There is nobody left to tell.
    io::stderr().lock().write_all(text.as_bytes()).ok();
}
