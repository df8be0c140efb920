use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// One action on attributes, with the Collector's keys.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ActionConfig {
    /// The attribute it is about. `delete` and `hash` take a `pattern` beside it or instead.
    #[serde(default)]
    pub key: String,
    /// What is done.
    pub action: ActionKind,
    /// Of `insert`, `update` and `upsert`: the value, a list or a map, too.
    #[serde(default)]
    pub value: Option<Json>,
    /// Of `insert`, `update` and `upsert`: the attribute whose value is taken. Where it is absent, nothing is done.
    #[serde(default)]
    pub from_attribute: Option<String>,
    /// Of `insert`, `update` and `upsert`: `metadata.<header>`, the header of the client's request whose value is
    /// taken, several joined by `;`. Its receiver needs `include_metadata: true`. Where it is absent, nothing is
    /// done.
    #[serde(default)]
    pub from_context: Option<String>,
    /// Of `insert`, `update` and `upsert`: the value where the attribute or header to take it from is absent.
    /// Default none: nothing is done there.
    #[serde(default)]
    pub default_value: Option<Json>,
    /// A regular expression. Of `delete` and `hash`: also the attributes whose keys it matches somewhere. Of
    /// `extract`: what it finds in the value; each group has a name, which is the key of what it matched.
    #[serde(default)]
    pub pattern: Option<String>,
    /// Of `convert`: what the value is made into.
    #[serde(default)]
    pub converted_type: Option<ConvertedType>,
}

/// What is done to an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActionKind {
    /// Adds it where it is absent.
    Insert,
    /// Sets it where it is there.
    Update,
    /// Sets it in any case.
    Upsert,
    /// Takes it out.
    Delete,
    /// Replaces its value by the SHA-256 of it.
    Hash,
    /// Sets attributes to what groups of a regular expression match in its value.
    Extract,
    /// Makes its value one of another type.
    Convert,
}

/// What a value is made into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConvertedType {
    /// An integer of 64 bits.
    Int,
    /// A floating-point number.
    Double,
    /// Text.
    String,
}

impl ActionKind {
    /// The name that the configuration uses.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Upsert => "upsert",
            Self::Delete => "delete",
            Self::Hash => "hash",
            Self::Extract => "extract",
            Self::Convert => "convert",
        }
    }

    /// The keys that it uses, beside `key`.
    pub(super) fn uses(self) -> &'static [&'static str] {
        match self {
            Self::Insert | Self::Update | Self::Upsert => {
                &["value", "from_attribute", "from_context", "default_value"]
            }
            Self::Delete | Self::Hash | Self::Extract => &["pattern"],
            Self::Convert => &["converted_type"],
        }
    }
}

impl ActionConfig {
    /// The keys that are written, beside `key` and `action`.
    pub(super) fn given(&self) -> impl Iterator<Item = &'static str> {
        let all = [
            ("value", self.value.is_some()),
            ("from_attribute", self.from_attribute.is_some()),
            ("from_context", self.from_context.is_some()),
            ("default_value", self.default_value.is_some()),
            ("pattern", self.pattern.is_some()),
            ("converted_type", self.converted_type.is_some()),
        ];
        all.into_iter().filter(|(_, given)| *given).map(|(key, _)| key)
    }
}
