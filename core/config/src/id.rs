//! Names of components and pipelines.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Signal;

/// The name of a component: its type, and a name where there are several of the type (`otlp`, `otlp/2`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ComponentId {
    /// The type as it was written, e.g. `otlp`.
    pub type_: String,
    /// What follows the slash.
    pub name: Option<String>,
}

impl ComponentId {
    /// The id of the only component of this type.
    pub fn new(type_: impl Into<String>) -> Self {
        Self { type_: type_.into(), name: None }
    }

    /// The id of the component `type_/name`.
    pub fn with_name(type_: impl Into<String>, name: impl Into<String>) -> Self {
        Self { type_: type_.into(), name: Some(name.into()) }
    }
}

/// Why a text is not the id of a component or of a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing at all, or nothing before the slash.
    #[error("the type is missing")]
    NoType,
    /// A slash and nothing after it.
    #[error("nothing follows the slash")]
    NoName,
    /// More than one slash.
    #[error("it has more than one slash")]
    Slashes,
    /// Types are words.
    #[error("a type starts with a letter and consists of letters, digits and `_`")]
    Type,
    /// Names are one word of at most 1024 characters.
    #[error("a name has no white space and at most 1024 characters")]
    Name,
}

impl FromStr for ComponentId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (type_, name) = split(text)?;
        let mut characters = type_.chars();
        let starts = characters.next().is_some_and(|first| first.is_ascii_alphabetic());
        if !starts || !characters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(IdError::Type);
        }
        Ok(Self { type_: type_.into(), name: name.map(Into::into) })
    }
}

/// What is before and after the slash, if there is one.
fn split(text: &str) -> Result<(&str, Option<&str>), IdError> {
    let (first, name) = match text.split_once('/') {
        Some((first, name)) => (first, Some(name)),
        None => (text, None),
    };
    match name {
        _ if first.is_empty() => Err(IdError::NoType),
        Some("") => Err(IdError::NoName),
        Some(name) if name.contains('/') => Err(IdError::Slashes),
        Some(name) if name.chars().count() > 1024 || name.contains(char::is_whitespace) => Err(IdError::Name),
        _ => Ok((first, name)),
    }
}

impl fmt::Display for ComponentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{}/{name}", self.type_),
            None => f.write_str(&self.type_),
        }
    }
}

/// The name of a pipeline: a signal, with or without a name (`traces`, `metrics/2`), or any other name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PipelineId {
    signal: Option<Signal>,
    text: String,
}

impl PipelineId {
    /// The only signal that the pipeline takes; without one it carries every signal its receivers produce.
    pub fn signal(&self) -> Option<Signal> {
        self.signal
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for PipelineId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (first, _) = split(text)?;
        if first.contains(char::is_whitespace) {
            return Err(IdError::Name);
        }
        Ok(Self { signal: first.parse().ok(), text: text.into() })
    }
}

impl fmt::Display for PipelineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Both ids are strings wherever they are written.
macro_rules! string_in_files {
    ($id:ty, $name:literal, $format:literal) => {
        impl Serialize for $id {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $id {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(|error| {
                    serde::de::Error::custom(format!(concat!("`{}` is not the name of a ", $name, ": {}"), text, error))
                })
            }
        }

        impl JsonSchema for $id {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($id).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "format": $format })
            }
        }
    };
}

string_in_files!(ComponentId, "component", "component-id");
string_in_files!(PipelineId, "pipeline", "pipeline-id");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_have_a_type_and_perhaps_a_name() {
        assert_eq!("otlp".parse(), Ok(ComponentId::new("otlp")));
        assert_eq!("otlp/2".parse(), Ok(ComponentId::with_name("otlp", "2")));
        assert_eq!(ComponentId::with_name("kafka", "raw-in.eu").to_string(), "kafka/raw-in.eu");
        for (text, error) in [
            ("", IdError::NoType),
            ("/x", IdError::NoType),
            ("otlp/", IdError::NoName),
            ("a/b/c", IdError::Slashes),
            ("2nd", IdError::Type),
            ("ot lp", IdError::Type),
            ("otlp/a b", IdError::Name),
        ] {
            assert_eq!(text.parse::<ComponentId>(), Err(error), "{text}");
        }
    }

    #[test]
    fn pipelines_are_named_by_a_signal_or_freely() {
        let signal = |text: &str| text.parse::<PipelineId>().map(|id| id.signal());
        assert_eq!(signal("traces"), Ok(Some(Signal::Traces)));
        assert_eq!(signal("metrics/2"), Ok(Some(Signal::Metrics)));
        assert_eq!(signal("main"), Ok(None));
        assert_eq!(signal("traces/"), Err(IdError::NoName));
    }
}
