//! Fields of a record, as operators name them: `body`, `body.level`, `attributes["log.file.name"]`, `resource.a.b`.

use super::record::Record;
use std::fmt;
use tidewatch_otlp::write::{Map, Value};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    root: Root,
    keys: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Body,
    Attributes,
    Resource,
}

/// How deep a field may lead.
const MAX_KEYS: usize = 16;

impl Field {
    /// Reads a field's name.
    ///
    /// # Errors
    /// What is wrong with it, and at which byte.
    pub(super) fn parse(text: &str) -> Result<Self, (String, usize)> {
        Self::of(split(text)?).map_err(|problem| (problem, 0))
    }

    /// A field by its parts.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) fn of(mut keys: Vec<String>) -> Result<Self, String> {
        if keys.len() > MAX_KEYS {
            return Err(format!("a field has at most {MAX_KEYS} parts"));
        }
        let root = match keys.remove(0).as_str() {
            "body" => Root::Body,
            "attributes" => Root::Attributes,
            "resource" => Root::Resource,
            other => {
                return Err(format!(
                    "a field begins with `body`, `attributes` or `resource`, not with `{other}`"
                ));
            }
        };
        Ok(Self { root, keys })
    }

    /// Whether it is all attributes, or the whole resource.
    pub(super) fn is_whole_map(&self) -> bool {
        self.root != Root::Body && self.keys.is_empty()
    }

    /// Whether it can be set to this value.
    ///
    /// # Errors
    /// All attributes cannot be something else than a map.
    pub(super) fn accepts(&self, value: &Value<'_>) -> Result<(), String> {
        if self.is_whole_map() && !matches!(value, Value::Map(_)) {
            return Err(format!("`{self}` can only be set to a map"));
        }
        Ok(())
    }

    /// All attributes, or the whole resource, if it is that.
    pub(super) fn whole_map<'r, 'a>(&self, record: &'r Record<'a>) -> Option<&'r Map<'a>> {
        match self.root {
            Root::Attributes if self.keys.is_empty() => Some(&record.attributes),
            Root::Resource if self.keys.is_empty() => Some(record.resource.map()),
            _ => None,
        }
    }

    /// Whether it is the body.
    pub(super) fn is_body(&self) -> bool {
        self.root == Root::Body && self.keys.is_empty()
    }

    pub(super) fn get<'r, 'a>(&self, record: &'r Record<'a>) -> Option<&'r Value<'a>> {
        let (first, rest) = match self.root {
            Root::Body => (&record.body, self.keys.as_slice()),
            Root::Attributes => (record.attributes.get(self.keys.first()?)?, &self.keys[1..]),
            Root::Resource => (record.resource.map().get(self.keys.first()?)?, &self.keys[1..]),
        };
        rest.iter().try_fold(first, |value, key| match value {
            Value::Map(map) => map.get(key),
            _ => None,
        })
    }

    /// Sets the field; a map's entries are added to those that are there. Maps on the way are made.
    ///
    /// # Errors
    /// All attributes cannot be something else than a map.
    pub(super) fn set<'a>(&self, record: &mut Record<'a>, value: Value<'a>) -> Result<(), String> {
        if let Value::Map(more) = value {
            self.map_mut(record, &self.keys).extend(more);
            return Ok(());
        }
        self.accepts(&value)?;
        match self.keys.split_last() {
            None => record.body = value,
            Some((last, above)) => self.map_mut(record, above).insert(last.clone(), value),
        }
        Ok(())
    }

    /// Takes the field out.
    pub(super) fn remove<'a>(&self, record: &mut Record<'a>) -> Option<Value<'a>> {
        let Some((last, above)) = self.keys.split_last() else {
            return Some(match self.root {
                Root::Body => std::mem::take(&mut record.body),
                Root::Attributes => Value::Map(std::mem::take(&mut record.attributes)),
                Root::Resource => Value::Map(std::mem::take(record.resource.map_mut())),
            });
        };
        self.get(record)?;
        self.map_mut(record, above).remove(last)
    }

    /// The map at `keys`; it is made where there is none.
    fn map_mut<'r, 'a>(&self, record: &'r mut Record<'a>, keys: &[String]) -> &'r mut Map<'a> {
        let root = match self.root {
            Root::Attributes => &mut record.attributes,
            Root::Resource => record.resource.map_mut(),
            Root::Body => {
                if !matches!(record.body, Value::Map(_)) {
                    record.body = Value::Map(Map::new());
                }
                match &mut record.body {
                    Value::Map(map) => map,
                    _ => unreachable!("it was put there"),
                }
            }
        };
        keys.iter().fold(root, |map, key| map.map_at(key))
    }
}

/// The parts of `a.b["c.d"]['e']`.
fn split(text: &str) -> Result<Vec<String>, (String, usize)> {
    let mut keys = Vec::new();
    let mut rest = text;
    let at = |rest: &str| text.len() - rest.len();
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let quote = inner.chars().next().filter(|char| ['"', '\''].contains(char));
            let Some(quote) = quote else {
                return Err(("a key in brackets stands in quotes".into(), at(inner)));
            };
            let Some((key, after)) = inner[1..].split_once(quote) else {
                return Err(("the quote is never closed".into(), at(inner)));
            };
            keys.push(key.to_owned());
            rest = after.strip_prefix(']').ok_or_else(|| ("`]` is missing".to_owned(), at(after)))?;
            if rest.starts_with('[') || rest.is_empty() {
                continue;
            }
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                return Err(("a key is missing".into(), at(rest)));
            }
            keys.push(rest[..end].to_owned());
            rest = &rest[end..];
            if rest.starts_with('[') || rest.is_empty() {
                continue;
            }
        }
        rest = rest.strip_prefix('.').ok_or_else(|| ("`.` or `[` is missing".to_owned(), at(rest)))?;
        if rest.is_empty() {
            return Err(("a key is missing".into(), text.len()));
        }
    }
    if keys.is_empty() { Err(("the field is empty".into(), 0)) } else { Ok(keys) }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.root {
            Root::Body => "body",
            Root::Attributes => "attributes",
            Root::Resource => "resource",
        })?;
        for key in &self.keys {
            if key.contains(['.', '[']) { write!(f, "[{key:?}]")? } else { write!(f, ".{key}")? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file_log::entries::record::SharedMap;

    #[test]
    fn fields_are_read_as_in_the_collector() {
        for (text, shown) in [
            ("body", "body"),
            ("body.level", "body.level"),
            ("attributes.a.b", "attributes.a.b"),
            ("attributes[\"a.b\"]", "attributes[\"a.b\"]"),
            ("attributes['a.b'].c", "attributes[\"a.b\"].c"),
            ("attributes['a']['b.c']", "attributes.a[\"b.c\"]"),
            ("['resource']['x']", "resource.x"),
            ("body.a['b']", "body.a.b"),
        ] {
            assert_eq!(Field::parse(text).map(|field| field.to_string()), Ok(shown.to_owned()), "{text}");
        }
        for wrong in
            ["", "log.level", "body.", "body..a", "body[a]", "body['a", "body['a'", "body['a']b", ".body"]
        {
            assert!(Field::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Field::parse(&format!("body{}", ".a".repeat(16))).is_err());
    }

    #[test]
    fn fields_are_set_found_and_taken_out() {
        let resource = SharedMap::default();
        let mut record = Record::new(Value::from("text"), Map::new(), &resource);
        let field = |text: &str| Field::parse(text).unwrap();
        field("attributes.a.b").set(&mut record, Value::Int(1)).unwrap();
        field("attributes.a").set(&mut record, Value::Map(Map::from_iter([("c", Value::Int(2))]))).unwrap();
        assert_eq!(Value::Map(record.attributes.clone()).to_json(), r#"{"a":{"b":1,"c":2}}"#);
        assert_eq!(field("body.x").get(&record), None);
        field("body.x").set(&mut record, Value::Int(3)).unwrap();
        assert_eq!(record.body.to_json(), r#"{"x":3}"#, "a text gives way to a map");
        field("resource.r").set(&mut record, Value::Int(4)).unwrap();
        assert_eq!(field("resource.r").get(&record), Some(&Value::Int(4)));
        assert!(field("attributes").set(&mut record, Value::Int(5)).is_err());
        assert_eq!(field("attributes.a.b").remove(&mut record), Some(Value::Int(1)));
        assert_eq!(field("attributes.z.b").remove(&mut record), None);
        assert_eq!(
            Value::Map(record.attributes.clone()).to_json(),
            r#"{"a":{"c":2}}"#,
            "and nothing is made"
        );
        assert!(resource.map.is_empty());
    }
}
