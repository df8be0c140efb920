//! Actions on their way over a request.

use super::{
    compile::{Action, Actions, Source, When},
    values::{converted, encoded, hashed},
};
use tidewatch_component::Metadata;
use tidewatch_otlp::{
    edit::{Arena, Entries},
    views::{AttributesView, ValueView},
};

/// Actions, for the attributes of one request.
pub(crate) struct Run<'a> {
    actions: &'a Actions,
    /// What the headers say that values are taken from, as the bytes of an `AnyValue`.
    headers: Vec<Option<&'a [u8]>>,
    entries: Entries<'a>,
    arena: &'a Arena,
}

impl<'a> Run<'a> {
    pub(crate) fn new(actions: &'a Actions, metadata: &Metadata, arena: &'a Arena) -> Self {
        let said = |header: &String| {
            let values = metadata.get(header).filter(|values| !values.is_empty())?;
            Some(encoded(ValueView::Str(&values.join(";")), arena))
        };
        let headers = actions.headers.iter().map(said).collect();
        Self { actions, headers, entries: Entries::default(), arena }
    }

    /// The attributes after all actions; the very ones that came in, if none has changed them.
    pub(crate) fn edit(&mut self, attributes: AttributesView<'a>) -> AttributesView<'a> {
        self.entries.load(attributes);
        let actions = self.actions;
        for action in &actions.list {
            self.act(action);
        }
        self.entries.store(self.arena)
    }

    fn act(&mut self, action: &'a Action) {
        let arena = self.arena;
        match action {
            Action::Put { key, when, value, default } => {
                let applies = match when {
                    When::Always => true,
                    When::Absent => self.entries.get(key).is_none(),
                    When::Present => self.entries.get(key).is_some(),
                };
                if applies && let Some(value) = self.value(value).or(default.as_deref()) {
                    self.entries.set(key, value);
                }
            }
            Action::Delete(keys) => match (&keys.key, &keys.pattern) {
                (Some(key), None) => self.entries.remove(key),
                _ => self.entries.retain(|key| !keys.contain(key)),
            },
            Action::Hash(keys) => {
                self.entries.replace(|key, value| keys.contain(key).then(|| hashed(value, arena)));
            }
            Action::Extract { key, pattern, targets } => {
                let Some(ValueView::Str(text)) = self.entries.get(key).map(ValueView::of_any_value) else {
                    return;
                };
                let Some(found) = pattern.captures(text) else { return };
                for (target, group) in targets.iter().zip(found.iter().skip(1)) {
                    let text = group.map_or("", |group| group.as_str());
                    self.entries.set(target, encoded(ValueView::Str(text), arena));
                }
            }
            Action::Convert { key, to } => {
                let value = self.entries.get(key).map(ValueView::of_any_value);
                if let Some(value) = value.and_then(|value| converted(value, *to, arena)) {
                    self.entries.set(key, value);
                }
            }
        }
    }

    fn value(&self, source: &'a Source) -> Option<&'a [u8]> {
        match source {
            Source::Value(value) => Some(value),
            Source::Attribute(attribute) => self.entries.get(attribute),
            Source::Header(index) => self.headers[*index],
            Source::Default => None,
        }
    }
}
