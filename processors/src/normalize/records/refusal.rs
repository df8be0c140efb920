use std::borrow::Cow;

/// Why a record cannot be brought into its form: what it is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::normalize) enum Reason {
    /// The body cannot be read as the configuration says, or has no fields.
    Unparsable,
    /// A field that is needed is not there.
    MissingField,
    /// A field is not the number that it should be.
    NotANumber,
    /// A field is not the boolean that it should be.
    NotABoolean,
    /// A field has a value that it may not have.
    NotAllowed,
    /// A field is not the time that it should be.
    NoTime,
    /// A statement cannot be computed.
    NotComputable,
    /// The resource that it would have is too large to be written for so many records.
    TooLarge,
}

impl Reason {
    pub(in crate::normalize) const ALL: [Self; 8] = [
        Self::Unparsable,
        Self::MissingField,
        Self::NotANumber,
        Self::NotABoolean,
        Self::NotAllowed,
        Self::NoTime,
        Self::NotComputable,
        Self::TooLarge,
    ];

    /// As in metrics.
    pub(in crate::normalize) fn name(self) -> &'static str {
        match self {
            Self::Unparsable => "unparsable",
            Self::MissingField => "missing_field",
            Self::NotANumber => "not_a_number",
            Self::NotABoolean => "not_a_boolean",
            Self::NotAllowed => "not_allowed",
            Self::NoTime => "no_time",
            Self::NotComputable => "not_computable",
            Self::TooLarge => "too_large",
        }
    }
}

/// That a record cannot be brought into its form. Nothing of what it says is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::normalize) struct Refusal {
    pub(in crate::normalize) reason: Reason,
    /// The field at fault, as the record calls it.
    pub(in crate::normalize) field: Option<String>,
    /// What is wrong, in words that go on from the field's name.
    pub(in crate::normalize) text: Cow<'static, str>,
}

impl Refusal {
    /// Of the whole record.
    pub(super) fn of_record(reason: Reason, text: impl Into<Cow<'static, str>>) -> Self {
        Self { reason, field: None, text: text.into() }
    }

    /// Of one field.
    pub(super) fn of_field(reason: Reason, field: &str, text: impl Into<Cow<'static, str>>) -> Self {
        Self { reason, field: Some(field.to_owned()), text: text.into() }
    }
}
