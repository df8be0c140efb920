//! Texts of bounded length.

const ELLIPSIS: &str = "\u{2026}";

/// Cuts `text` to at most `most` bytes, an ellipsis at its end, and frees the rest.
pub(super) fn cut(text: &mut String, most: usize) {
    if text.len() <= most {
        return;
    }
    text.truncate(text.floor_char_boundary(most - ELLIPSIS.len()));
    text.push_str(ELLIPSIS);
    text.shrink_to_fit();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_to_8(text: &str) -> String {
        let mut text = text.to_owned();
        cut(&mut text, 8);
        text
    }

    #[test]
    fn only_what_is_too_long_ends_with_an_ellipsis() {
        assert_eq!(cut_to_8("12345678"), "12345678");
        assert_eq!(cut_to_8("123456789"), "12345…");
        assert_eq!(cut_to_8("1234ü6789"), "1234…", "never within a character");
    }
}
