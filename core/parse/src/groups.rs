use tidewatch_otlp::edit::Arena;
use tidewatch_otlp::views::AttributesView;

use crate::{ParseFailure, go_regex, into_arena};

/// A regular expression whose named groups are fields.
#[derive(Debug, Clone)]
pub struct Groups(regex::Regex);

impl Groups {
    /// Compiles an expression in Go's syntax, with groups such as `(?P<level>\w+)` or `(?<level>\w+)`.
    ///
    /// # Errors
    /// What is wrong with it, in one line; also that it names no groups.
    pub fn compile(pattern: &str) -> Result<Self, String> {
        let regex = go_regex::text(pattern)?;
        if regex.capture_names().flatten().next().is_none() {
            return Err("the expression names no groups".into());
        }
        Ok(Self(regex))
    }

    /// The names of the groups, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.capture_names().flatten()
    }

    /// What the named groups match, all of it text; a group that takes no part in the match is an empty one. Of groups
    /// of one name the last counts.
    ///
    /// # Errors
    /// The expression does not match.
    pub fn fields<'a>(&self, text: &str, arena: &'a Arena) -> Result<AttributesView<'a>, ParseFailure> {
        let captures = self.0.captures(text);
        let captures =
            captures.ok_or_else(|| ParseFailure::at(text, 0, "the regular expression does not match"))?;
        into_arena(arena, |map| {
            for (index, name) in self.0.capture_names().enumerate() {
                if let Some(name) = name {
                    map.put(name, captures.get(index).map_or("", |group| group.as_str()));
                }
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_groups_become_fields() {
        let groups = Groups::compile(r"^(?P<level>[A-Z]+) (?:\[(?<id>\d+)\] )?(?P<text>.*)$").unwrap();
        let arena = Arena::new();
        let read = |text| groups.fields(text, &arena).map(|fields| fields.to_json().to_string());
        assert_eq!(read("INFO [12] up").unwrap(), r#"{"level":"INFO","id":"12","text":"up"}"#);
        assert_eq!(read("WARN low").unwrap(), r#"{"level":"WARN","id":"","text":"low"}"#);
        let failure = read("quiet").unwrap_err();
        assert_eq!(failure.to_string(), "the regular expression does not match at line 1, column 1");
    }

    #[test]
    fn mistakes_are_found_when_it_is_compiled() {
        assert_eq!(Groups::compile("(a)").unwrap_err(), "the expression names no groups");
        assert!(Groups::compile("(?P<a>").is_err());
    }
}
