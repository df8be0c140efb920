//! Suggestions for what was probably meant.

/// The candidate that `word` is probably a misspelling of.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
    let word_plain = plain(word);
    let distance = |candidate: &str| strsim::damerau_levenshtein(&word_plain, &plain(candidate));
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    let (distance, candidate) = candidates.into_iter().map(|name| (distance(name), name)).min()?;
    (distance <= allowed).then_some(candidate)
}

/// `did you mean ...?`, if something is near.
pub(crate) fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// `` `a`, `b` and `c` ``; of many only the first.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>, last: &str) -> String {
    const MOST: usize = 16;
    let mut names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if names.len() > MOST {
        let more = names.len() - MOST;
        names.truncate(MOST);
        names.push(format!("{more} more"));
    }
    match names.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., end] => format!("{} {last} {end}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        let keys = ["endpoint", "timeout", "tls"];
        assert_eq!(nearest("endpont", keys), Some("endpoint"));
        assert_eq!(nearest("time_out", keys), Some("timeout"));
        assert_eq!(nearest("TLS", keys), Some("tls"));
        assert_eq!(nearest("headers", keys), None);
        assert_eq!(list(["a", "b", "c"], "or"), "`a`, `b` or `c`");
    }
}
