//! Encodings of texts.

use encoding_rs::{Encoding as Legacy, UTF_16BE, UTF_16LE};
use std::borrow::Cow;
use tidewatch_config::Mistake;

/// How bytes stand for text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Encoding {
    /// Bytes that are not UTF-8 are replaced.
    Utf8,
    /// Entries that are not UTF-8 stay bytes.
    Utf8Raw,
    /// Bytes, whatever they mean.
    Nop,
    Utf16Le,
    Utf16Be,
    /// Another one, in which ASCII characters are one byte each.
    Other(&'static Legacy),
}

/// What the Collector calls them, and what other names lead to.
const NAMES: [(&str, Encoding); 13] = [
    ("", Encoding::Utf8),
    ("utf-8", Encoding::Utf8),
    ("utf8", Encoding::Utf8),
    ("ascii", Encoding::Utf8),
    ("us-ascii", Encoding::Utf8),
    ("utf-8-raw", Encoding::Utf8Raw),
    ("utf8-raw", Encoding::Utf8Raw),
    ("nop", Encoding::Nop),
    ("utf-16", Encoding::Utf16Le),
    ("utf16", Encoding::Utf16Le),
    ("utf-16le", Encoding::Utf16Le),
    ("utf-16be", Encoding::Utf16Be),
    ("utf16be", Encoding::Utf16Be),
];

/// Names to suggest.
const KNOWN: [&str; 26] = [
    "utf-8",
    "utf-8-raw",
    "nop",
    "utf-16le",
    "utf-16be",
    "ascii",
    "big5",
    "gbk",
    "gb18030",
    "shift_jis",
    "euc-jp",
    "iso-2022-jp",
    "euc-kr",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-5",
    "iso-8859-9",
    "iso-8859-15",
    "koi8-r",
    "koi8-u",
    "ibm866",
    "macintosh",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1254",
];

impl Encoding {
    /// By its name, in any case.
    ///
    /// # Errors
    /// That there is no such encoding.
    pub(super) fn named(name: &str) -> Result<Self, Mistake> {
        let lower = name.trim().to_ascii_lowercase();
        if let Some((_, encoding)) = NAMES.iter().find(|(known, _)| *known == lower) {
            return Ok(*encoding);
        }
        match Legacy::for_label_no_replacement(lower.as_bytes()) {
            Some(encoding) if encoding == UTF_16LE => Ok(Self::Utf16Le),
            Some(encoding) if encoding == UTF_16BE => Ok(Self::Utf16Be),
            Some(encoding) if encoding == encoding_rs::UTF_8 => Ok(Self::Utf8),
            Some(encoding) => Ok(Self::Other(encoding)),
            None => {
                let mistake = Mistake::new("encoding", format!("there is no encoding `{name}`"));
                Err(mistake.help(match near(&lower) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("some that there are: {}", KNOWN.join(", ")),
                }))
            }
        }
    }

    /// Whether texts are UTF-8 as they stand in the file.
    pub(super) fn is_utf8(self) -> bool {
        matches!(self, Self::Utf8 | Self::Utf8Raw)
    }

    /// Bytes of the smallest unit.
    pub(super) fn unit(self) -> usize {
        if matches!(self, Self::Utf16Le | Self::Utf16Be) { 2 } else { 1 }
    }

    /// What a file may begin with, which is no part of the text.
    pub(super) fn byte_order_mark(self) -> &'static [u8] {
        match self {
            Self::Utf8 => b"\xef\xbb\xbf",
            Self::Utf16Le => b"\xff\xfe",
            Self::Utf16Be => b"\xfe\xff",
            Self::Utf8Raw | Self::Nop | Self::Other(_) => b"",
        }
    }

    /// Where the next line ends, and where the one after it begins.
    pub(super) fn find_newline(self, bytes: &[u8]) -> Option<usize> {
        let other = match self {
            Self::Utf16Le => 1,
            Self::Utf16Be => -1,
            _ => return memchr::memchr(b'\n', bytes),
        };
        memchr::memchr_iter(b'\n', bytes).find_map(|at| {
            let zero = at.checked_add_signed(other)?;
            let start = at.min(zero);
            (start.is_multiple_of(2) && bytes.get(zero) == Some(&0)).then_some(start)
        })
    }

    /// Behind the last line that is complete; 0 if none is.
    pub(super) fn last_line_end(self, bytes: &[u8]) -> usize {
        match self {
            Self::Utf16Le | Self::Utf16Be => {
                let (mut end, mut rest) = (0, bytes);
                while let Some(at) = self.find_newline(rest) {
                    end += at + 2;
                    rest = &rest[at + 2..];
                }
                end
            }
            _ => memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1),
        }
    }

    /// Whether the bytes end with a carriage return.
    pub(super) fn ends_with_return(self, bytes: &[u8]) -> bool {
        match self {
            Self::Utf16Le => bytes.ends_with(b"\r\0"),
            Self::Utf16Be => bytes.ends_with(b"\0\r"),
            _ => bytes.ends_with(b"\r"),
        }
    }

    /// The text of some bytes, and whether some of them were replaced. `None` for bytes that stay such.
    pub(super) fn decode<'a>(self, bytes: &'a [u8]) -> Option<(Cow<'a, str>, bool)> {
        let utf8 = |bytes: &'a [u8]| simdutf8::basic::from_utf8(bytes).ok();
        match self {
            Self::Utf8 => Some(match utf8(bytes) {
                Some(text) => (Cow::Borrowed(text), false),
                None => (String::from_utf8_lossy(bytes), true),
            }),
            Self::Utf8Raw => utf8(bytes).map(|text| (Cow::Borrowed(text), false)),
            Self::Nop => None,
            Self::Utf16Le => Some(UTF_16LE.decode_without_bom_handling(bytes)),
            Self::Utf16Be => Some(UTF_16BE.decode_without_bom_handling(bytes)),
            Self::Other(encoding) => Some(encoding.decode_without_bom_handling(bytes)),
        }
    }

    /// How many of `bytes` stand for `text`, with which their text begins.
    pub(super) fn encoded_len(self, bytes: &[u8], text: &[u8]) -> usize {
        let units = || String::from_utf8_lossy(text).encode_utf16().count();
        match self {
            Self::Utf8 | Self::Utf8Raw | Self::Nop => text.len(),
            Self::Utf16Le | Self::Utf16Be => (2 * units()).min(bytes.len()),
            Self::Other(encoding) if encoding.is_single_byte() => units(),
            Self::Other(encoding) => {
                // Byte by byte, until as much text has come out.
                let mut decoder = encoding.new_decoder_without_bom_handling();
                let (mut written, mut buffer) = (0, [0; 16]);
                for (index, byte) in bytes.iter().enumerate() {
                    if written >= text.len() {
                        return index;
                    }
                    let (_, _, more, _) = decoder.decode_to_utf8(&[*byte], &mut buffer, false);
                    written += more;
                }
                bytes.len()
            }
        }
    }

    /// The largest cut at or before `at` that leaves characters whole, as far as that can be seen from there.
    pub(super) fn character_boundary(self, bytes: &[u8], at: usize) -> usize {
        match self {
            Self::Utf8 | Self::Utf8Raw => {
                let is_start = |at: &usize| bytes.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80);
                (at.saturating_sub(3)..=at).rev().find(is_start).filter(|start| *start > 0).unwrap_or(at)
            }
            Self::Utf16Le | Self::Utf16Be => {
                let at = at & !1;
                let high = if self == Self::Utf16Le { at + 1 } else { at };
                let splits_pair = bytes.get(high).is_some_and(|byte| byte & 0xfc == 0xdc);
                if splits_pair && at > 2 { at - 2 } else { at.max(2) }
            }
            Self::Nop | Self::Other(_) => at,
        }
    }
}

fn near(name: &str) -> Option<&'static str> {
    let plain = |name: &str| name.replace(['-', '_', ' '], "");
    let distance = |known: &&str| strsim::damerau_levenshtein(&plain(known), &plain(name));
    KNOWN.into_iter().min_by_key(distance).filter(|known| distance(known) <= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_collector_and_many_more_are_known() {
        for (name, encoding) in NAMES {
            assert_eq!(Encoding::named(name), Ok(encoding));
            assert_eq!(Encoding::named(&name.to_uppercase()), Ok(encoding));
        }
        for name in KNOWN {
            assert!(Encoding::named(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_near_name_is_suggested() {
        let help = |name| Encoding::named(name).unwrap_err().help.unwrap();
        assert_eq!(help("utf-16l"), "did you mean `utf-16le`?");
        assert_eq!(help("bigg5"), "did you mean `big5`?");
        assert!(help("klingon").contains("big5"));
    }

    #[test]
    fn texts_are_decoded() {
        let decode = |name: &str, bytes: &[u8]| {
            let (text, replaced) = Encoding::named(name).unwrap().decode(bytes)?;
            Some((text.into_owned(), replaced))
        };
        let good = |text: &str| Some((text.to_owned(), false));
        assert_eq!(decode("utf-8", "äöü".as_bytes()), good("äöü"));
        assert_eq!(decode("utf-8", b"a\xff"), Some(("a\u{fffd}".into(), true)));
        assert_eq!(decode("utf-8-raw", b"a\xff"), None);
        assert_eq!(decode("utf-8-raw", b"a"), good("a"));
        assert_eq!(decode("nop", b"a"), None);
        assert_eq!(decode("utf-16le", b"f\0o\0"), good("fo"));
        assert_eq!(decode("utf-16be", b"\0f\0o"), good("fo"));
        assert_eq!(decode("big5", b"\xa6\xec\xb8m"), good("位置"));
        assert_eq!(decode("windows-1252", b"\x80 10"), good("€ 10"));
        assert_eq!(decode("gbk", b"\xc4\xe3\xba\xc3"), good("你好"));
    }

    #[test]
    fn newlines_of_two_bytes_begin_at_even_places() {
        let le: Vec<u8> = "ċ\u{a00}a\nb".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = "ċ\u{a00}a\nb".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(Encoding::Utf16Le.find_newline(&le), Some(6));
        assert_eq!(Encoding::Utf16Be.find_newline(&be), Some(6));
        assert_eq!(Encoding::Utf16Be.last_line_end(&be), 8);
        assert_eq!(Encoding::Utf16Be.find_newline(&be[..7]), None, "half a newline");
        assert_eq!(Encoding::Utf8.find_newline(b"ab\n"), Some(2));
    }

    #[test]
    fn cuts_leave_characters_whole() {
        let text = "aä😀".as_bytes();
        let cuts: Vec<_> = (1..=7).map(|at| Encoding::Utf8.character_boundary(text, at)).collect();
        assert_eq!(cuts, [1, 1, 3, 3, 3, 3, 7]);
        let text: Vec<u8> = "a😀b".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let cuts: Vec<_> = (2..=7).map(|at| Encoding::Utf16Le.character_boundary(&text, at)).collect();
        assert_eq!(cuts, [2, 2, 2, 2, 6, 6]);
    }
}
