//! What becomes of one record.

use super::{
    cast::double,
    fields::{Field, Fields},
    refusal::{Reason, Refusal},
    text::Text,
    time::Time,
};
use crate::normalize::config::{OnError, Target};
use smallvec::SmallVec;
use std::{borrow::Cow, collections::HashSet, ptr, slice};
use tidewatch_expr::{Condition, ItemMut, RecordMut, Statement};
use tidewatch_otlp::{
    edit::{Arena, GaugePoint, LogDraft, Owner, ResourceDraft, ScopeDraft},
    views::{ArrayView, AttributesView, Number, ValueView},
    write::{ListWriter, MapWriter},
};
use tidewatch_parse::severity::Severities;

/// The attribute that names the fields in which a value stands for one that was not valid.
pub(in crate::normalize) const DATA_QUALITY: &str = "tidewatch.data_quality";

/// Stands for the attributes that the entries of a map become.
const ENTRIES: &str = "*";

/// One entry of `records`.
#[derive(Debug)]
pub(in crate::normalize) struct Plan {
    pub(super) when: Option<Condition>,
    pub(super) text: Option<Text>,
    pub(super) fields: Vec<Field>,
    pub(super) keep_others: bool,
    /// Every name in `fields`, of results and of sources: none of the others.
    pub(super) named: Vec<String>,
    pub(super) compute: Vec<Statement>,
    pub(super) time: Option<Time>,
    pub(super) severity: Option<Severity>,
    /// Attributes and the fields that become them.
    pub(super) resource: Vec<(String, String)>,
    /// The same of the record; [`ENTRIES`] stands for those of a map.
    pub(super) attributes: Vec<(String, String)>,
    pub(super) into: Target,
    pub(super) metric: Option<Metric>,
    pub(super) on_error: OnError,
}

/// Fields that may hold the severity, and what it may be called.
#[derive(Debug)]
pub(super) struct Severity {
    pub(super) from: Vec<String>,
    pub(super) names: Severities,
}

/// Fields that make a point.
#[derive(Debug)]
pub(super) struct Metric {
    pub(super) name: Option<String>,
    pub(super) value: String,
    pub(super) unit: Option<String>,
    pub(super) attributes: Vec<String>,
}

/// A record that is being edited, and what it belongs to.
#[derive(Debug)]
pub(super) struct Item<'a> {
    pub(super) resource: ResourceDraft<'a>,
    pub(super) scope: ScopeDraft<'a>,
    pub(super) log: LogDraft<'a>,
}

/// What is known of the record in hand.
#[derive(Debug, Default)]
pub(super) struct Work<'a> {
    /// The fields as they came.
    raw: Fields<'a>,
    /// Those of the result.
    fields: Fields<'a>,
    /// Names of fields in which a value stands for one that was not valid.
    pub(super) flaws: SmallVec<[&'a str; 4]>,
}

impl Plan {
    /// Brings a record into its form, and says where it is flawed; a point, if that is its form.
    pub(super) fn apply<'a>(
        &'a self,
        item: &mut Item<'a>,
        work: &mut Work<'a>,
        now: u64,
        arena: &'a Arena,
    ) -> Result<Option<GaugePoint<'a>>, Refusal> {
        work.raw.refill(self.read(item.log.body(), arena)?);
        self.map(work, now, arena)?;
        self.compute(item, work, arena)?;
        self.set_time(item, work, now)?;
        self.set_severity(item, work, arena);
        self.set_resource(item, work, arena);
        self.set_attributes(item, work, arena);
        if let Some(metric) = &self.metric {
            return metric.point(item, work, now, arena).map(Some);
        }
        match self.into {
            Target::Body => item.log.set_body(ValueView::KvList(work.fields.to_map(arena)), arena),
            Target::Attributes => {
                let attributes = merged(item.log.attributes(), work.fields.as_slice(), arena);
                item.log.set_attributes(attributes, arena);
                item.log.set_body(ValueView::Empty, arena);
            }
        }
        if !work.flaws.is_empty() {
            let names = ArrayView::of_list(arena.write(|out| {
                let mut list = ListWriter::new(out);
                work.flaws.iter().for_each(|name| list.put(*name));
            }));
            let attributes = item.log.attributes().with(DATA_QUALITY, ValueView::Array(names), arena);
            item.log.set_attributes(attributes, arena);
        }
        Ok(None)
    }

    /// The record's fields as they came.
    fn read<'a>(&self, body: Option<ValueView<'a>>, arena: &'a Arena) -> Result<AttributesView<'a>, Refusal> {
        let text = match (body, &self.text) {
            (Some(ValueView::KvList(map)), _) => return Ok(map),
            (Some(ValueView::Str(text)), Some(form)) => Some((text, form)),
            (Some(ValueView::Bytes(bytes)), Some(form)) => {
                str::from_utf8(bytes).ok().map(|text| (text, form))
            }
            _ => None,
        };
        let Some((text, form)) = text else {
            let wrong = match &self.text {
                Some(_) => "the body is neither text nor a map",
                None => "the body is not a map",
            };
            return Err(Refusal::of_record(Reason::Unparsable, wrong));
        };
        form.read(text, arena).map_err(|wrong| Refusal::of_record(Reason::Unparsable, wrong))
    }

    /// The fields of the result, and perhaps the others.
    fn map<'a>(&'a self, work: &mut Work<'a>, now: u64, arena: &'a Arena) -> Result<(), Refusal> {
        let Work { raw, fields, flaws } = work;
        for field in &self.fields {
            if let Some((value, flawed)) = field.read(raw, now, arena)? {
                fields.push(&field.name, value);
                if flawed {
                    flaws.push(&field.name);
                }
            }
        }
        if self.keep_others {
            let is_other = |name: &str| !self.named.iter().any(|named| named == name);
            let others = raw.as_slice().iter().filter(|(name, _)| is_other(name));
            others.for_each(|(name, value)| fields.push(name, *value));
        }
        Ok(())
    }

    fn compute<'a>(
        &'a self,
        item: &mut Item<'a>,
        work: &mut Work<'a>,
        arena: &'a Arena,
    ) -> Result<(), Refusal> {
        if self.compute.is_empty() {
            return Ok(());
        }
        let before = work.fields.to_map(arena);
        let mut map = before;
        let mut record = RecordMut {
            owner: Owner { resource: &mut item.resource, scope: &mut item.scope },
            item: ItemMut::Log(&mut item.log),
            cache: &mut map,
            arena,
        };
        for (index, statement) in self.compute.iter().enumerate() {
            statement.run(&mut record).map_err(|failure| {
                Refusal::of_record(Reason::NotComputable, format!("`compute[{index}]`: {failure}"))
            })?;
        }
        if !ptr::eq(map.bytes(), before.bytes()) {
            work.fields.refill(map);
        }
        Ok(())
    }

    fn set_time<'a>(&'a self, item: &mut Item<'a>, work: &mut Work<'a>, now: u64) -> Result<(), Refusal> {
        let Some(time) = &self.time else { return Ok(()) };
        match work.look(&time.from) {
            None if time.default_now => item.log.set_time_unix_nano(now),
            None => {}
            Some((name, value)) => match time.read(value, now) {
                Some(nanos) => {
                    item.log.set_time_unix_nano(nanos);
                    work.fields.remove(name);
                }
                None if time.default_now => {
                    item.log.set_time_unix_nano(now);
                    work.flaws.push(name);
                }
                None => return Err(Refusal::of_field(Reason::NoTime, name, "is not a time as configured")),
            },
        }
        Ok(())
    }

    fn set_severity<'a>(&'a self, item: &mut Item<'a>, work: &mut Work<'a>, arena: &'a Arena) {
        let Some(severity) = &self.severity else { return };
        // A list or a map is none, and stays where it is.
        if let Some((name, value)) = work.look(&severity.from)
            && let Some((_, text)) = severity.names.of(value)
        {
            item.log.set_severity_number(severity.names.find(text.trim()).into());
            item.log.set_severity_text(match text {
                Cow::Borrowed(text) => text,
                Cow::Owned(text) => arena.text(&text),
            });
            work.fields.remove(name);
        }
    }

    fn set_attributes<'a>(&'a self, item: &mut Item<'a>, work: &mut Work<'a>, arena: &'a Arena) {
        if self.attributes.is_empty() {
            return;
        }
        let mut moved: SmallVec<[(&str, ValueView<'_>); 8]> = SmallVec::new();
        for (attribute, field) in self.attributes.iter().filter(|(attribute, _)| attribute != ENTRIES) {
            if let Some((_, value)) = work.look(slice::from_ref(field)) {
                moved.push((attribute, value));
                work.fields.remove(field);
            }
        }
        for (_, field) in self.attributes.iter().filter(|(attribute, _)| attribute == ENTRIES) {
            // What is no map stays where it is.
            if let Some((_, ValueView::KvList(map))) = work.look(slice::from_ref(field)) {
                moved.extend(
                    map.iter().filter(|(key, _)| self.attributes.iter().all(|(named, _)| named != key)),
                );
                work.fields.remove(field);
            }
        }
        item.log.set_attributes(merged(item.log.attributes(), &moved, arena), arena);
    }

    fn set_resource<'a>(&'a self, item: &mut Item<'a>, work: &mut Work<'a>, arena: &'a Arena) {
        if self.resource.is_empty() {
            return;
        }
        let mut moved: SmallVec<[(&str, ValueView<'_>); 4]> = SmallVec::new();
        for (attribute, field) in &self.resource {
            if let Some((_, value)) = work.look(slice::from_ref(field)) {
                moved.push((attribute, value));
            }
        }
        self.resource.iter().for_each(|(_, field)| work.fields.remove(field));
        item.resource.set_attributes(merged(item.resource.attributes(), &moved, arena), arena);
    }
}

impl<'a> Work<'a> {
    /// The first of several fields that is there: among those of the result, else among those that came.
    fn look(&self, names: &'a [String]) -> Option<(&'a str, ValueView<'a>)> {
        let value = |name| self.fields.get(name).or_else(|| self.raw.find(name));
        names.iter().find_map(|name| Some((name.as_str(), value(name)?)))
    }
}

impl Metric {
    /// The point that a record becomes.
    fn point<'a>(
        &'a self,
        item: &Item<'a>,
        work: &Work<'a>,
        now: u64,
        arena: &'a Arena,
    ) -> Result<GaugePoint<'a>, Refusal> {
        let field = |name: &'a String| work.look(slice::from_ref(name)).map(|(_, value)| value);
        let missing = |name: &str| Refusal::of_field(Reason::MissingField, name, "is missing");
        let text = |name: &'a String| field(name).map(|value| super::cast::string(value, arena));
        let value = match field(&self.value).ok_or_else(|| missing(&self.value))? {
            ValueView::Int(number) => Number::Int(number),
            other => Number::Double(
                double(other)
                    .ok_or_else(|| Refusal::of_field(Reason::NotANumber, &self.value, "is not a number"))?,
            ),
        };
        let name = match &self.name {
            None => self.value.as_str(),
            Some(name) => text(name).filter(|name| !name.is_empty()).ok_or_else(|| missing(name))?,
        };
        let times = [item.log.time_unix_nano(), item.log.observed_time_unix_nano(), now];
        Ok(GaugePoint {
            name,
            unit: self.unit.as_ref().and_then(text).unwrap_or_default(),
            time_unix_nano: times.into_iter().find(|time| *time > 0).unwrap_or_default(),
            value,
            attributes: self.attributes(&field, arena),
        })
    }

    /// Entries of maps, and other fields by their names.
    fn attributes<'a>(
        &'a self,
        field: &impl Fn(&'a String) -> Option<ValueView<'a>>,
        arena: &'a Arena,
    ) -> AttributesView<'a> {
        AttributesView::of_map(arena.write(|out| {
            let mut map = MapWriter::new(1, out);
            for name in &self.attributes {
                match field(name) {
                    Some(ValueView::KvList(entries)) => {
                        entries.iter().for_each(|(key, value)| map.put(key, value));
                    }
                    Some(value) => map.put(name, value),
                    None => {}
                }
            }
            map.keep_last();
        }))
    }
}

/// Attributes with others, which win.
fn merged<'a>(
    attributes: AttributesView<'a>,
    more: &[(&str, ValueView<'_>)],
    arena: &'a Arena,
) -> AttributesView<'a> {
    // Up to as many, looking at each of them is the fastest way to find one.
    const FEW: usize = 32;
    let many: HashSet<&str> = more.iter().skip(FEW).map(|(name, _)| *name).collect();
    let few = &more[..more.len().min(FEW)];
    let is_replaced = |name: &str| few.iter().any(|(other, _)| *other == name) || many.contains(name);
    AttributesView::of_map(arena.write(|out| {
        let mut map = MapWriter::new(1, out);
        let stay = attributes.iter().filter(|(name, _)| !is_replaced(name));
        stay.for_each(|(name, value)| map.copy(name, value));
        more.iter().for_each(|(name, value)| map.copy(name, *value));
    }))
}
