//! What is behind errors of TLS.

/// The error of a handshake; a side that does not speak TLS is guessed at.
pub(crate) fn explain(error: &dyn std::fmt::Display) -> String {
    with_guess(format!("TLS: {error}"))
}

/// `text`, and what is probably wrong where one side speaks TLS and the other does not.
pub(crate) fn with_guess(text: String) -> String {
    if text.contains("InvalidContentType") {
        format!("{text}; does the other side speak TLS?")
    } else if text.contains("frame with invalid size") || text.contains("invalid HTTP version") {
        format!("{text}; does the other side want TLS?")
    } else {
        text
    }
}
