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
use tidewatch_expr::{Condition, ItemMut, RecordMut, Statement};
use tidewatch_otlp::{
    edit::{Arena, GaugePoint, LogDraft, Owner, ResourceDraft, ScopeDraft},
    views::{AttributesView, Number, ValueView},
    write::{ListWriter, MapWriter},
};
use tidewatch_parse::severity::Severities;

/// The attribute that names the fields in which a value stands for one that was not valid.
pub(in crate::normalize) const DATA_QUALITY: &str = "tidewatch.data_quality";

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

/// A record and what it belongs to, before and after.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) resource: ResourceDraft<'a>,
    pub(super) scope: ScopeDraft<'a>,
    pub(super) log: LogDraft<'a>,
}

/// Names of fields in which a value stands for one that was not valid.
pub(super) type Flaws<'a> = SmallVec<[&'a str; 4]>;

impl Plan {
    /// Brings a record into its form, and says where it is flawed; a point, if that is its form.
    pub(super) fn apply<'a>(
        &'a self,
        item: &mut Item<'a>,
        flaws: &mut Flaws<'a>,
        now: u64,
        arena: &'a Arena,
    ) -> Result<Option<GaugePoint<'a>>, Refusal> {
        let raw = Fields::of(self.read(item.log.body(), arena)?);
        let mut fields = self.map(&raw, flaws, arena)?;
        self.compute(item, &mut fields, arena)?;
        self.set_time(item, &mut fields, &raw, flaws, now)?;
        self.set_severity(item, &mut fields, &raw, arena);
        self.set_resource(item, &mut fields, &raw, arena);
        if let Some(metric) = &self.metric {
            return metric.point(item, &fields, &raw, now, arena).map(Some);
        }
        match self.into {
            Target::Body => item.log.set_body(ValueView::KvList(fields.to_map(arena)), arena),
            Target::Attributes => {
                let attributes = merged(item.log.attributes(), fields.iter(), arena);
                item.log.set_attributes(attributes, arena);
                item.log.set_body(ValueView::Empty, arena);
            }
        }
        if !flaws.is_empty() {
            let names = arena.write(|out| {
                let mut list = ListWriter::new(out);
                flaws.iter().for_each(|name| list.put(*name));
            });
            let names = ValueView::Array(tidewatch_otlp::views::ArrayView::of_list(names));
            item.log.set_attributes(item.log.attributes().with(DATA_QUALITY, names, arena), arena);
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
    fn map<'a>(
        &'a self,
        raw: &Fields<'a>,
        flaws: &mut Flaws<'a>,
        arena: &'a Arena,
    ) -> Result<Fields<'a>, Refusal> {
        let mut fields = Fields::default();
        for field in &self.fields {
            if let Some((value, flawed)) = field.read(raw, arena)? {
                fields.push(&field.name, value);
                if flawed {
                    flaws.push(&field.name);
                }
            }
        }
        if self.keep_others {
            let is_other = |name: &str| !self.named.iter().any(|named| named == name);
            raw.iter().filter(|(name, _)| is_other(name)).for_each(|(name, value)| fields.push(name, value));
        }
        Ok(fields)
    }

    fn compute<'a>(
        &'a self,
        item: &mut Item<'a>,
        fields: &mut Fields<'a>,
        arena: &'a Arena,
    ) -> Result<(), Refusal> {
        if self.compute.is_empty() {
            return Ok(());
        }
        let mut map = fields.to_map(arena);
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
        *fields = Fields::of(map);
        Ok(())
    }

    fn set_time<'a>(
        &'a self,
        item: &mut Item<'a>,
        fields: &mut Fields<'a>,
        raw: &Fields<'a>,
        flaws: &mut Flaws<'a>,
        now: u64,
    ) -> Result<(), Refusal> {
        let Some(time) = &self.time else { return Ok(()) };
        match look(&time.from, fields, raw) {
            None if time.default_now => item.log.set_time_unix_nano(now),
            None => {}
            Some((name, value)) => match time.read(value, now) {
                Some(nanos) => {
                    item.log.set_time_unix_nano(nanos);
                    fields.remove(name);
                }
                None if time.default_now => {
                    item.log.set_time_unix_nano(now);
                    flaws.push(name);
                }
                None => return Err(Refusal::of_field(Reason::NoTime, name, "is not a time as configured")),
            },
        }
        Ok(())
    }

    fn set_severity<'a>(
        &'a self,
        item: &mut Item<'a>,
        fields: &mut Fields<'a>,
        raw: &Fields<'a>,
        arena: &'a Arena,
    ) {
        let Some(severity) = &self.severity else { return };
        let found = look(&severity.from, fields, raw);
        // A list or a map is none, and stays where it is.
        if let Some((name, value)) = found
            && let Some((_, text)) = severity.names.of(value)
        {
            item.log.set_severity_number(severity.names.find(text.trim()).into());
            item.log.set_severity_text(arena.text(&text));
            fields.remove(name);
        }
    }

    fn set_resource<'a>(
        &'a self,
        item: &mut Item<'a>,
        fields: &mut Fields<'a>,
        raw: &Fields<'a>,
        arena: &'a Arena,
    ) {
        if self.resource.is_empty() {
            return;
        }
        let mut moved: SmallVec<[(&str, ValueView<'_>); 8]> = SmallVec::new();
        for (attribute, field) in &self.resource {
            if let Some((_, value)) = look(std::slice::from_ref(field), fields, raw) {
                moved.push((attribute, value));
            }
        }
        self.resource.iter().for_each(|(_, field)| fields.remove(field));
        let attributes = merged(item.resource.attributes(), moved.into_iter(), arena);
        item.resource.set_attributes(attributes, arena);
    }
}

impl Metric {
    /// The point that a record becomes.
    fn point<'a>(
        &'a self,
        item: &Item<'a>,
        fields: &Fields<'a>,
        raw: &Fields<'a>,
        now: u64,
        arena: &'a Arena,
    ) -> Result<GaugePoint<'a>, Refusal> {
        let field = |name: &'a String| look(std::slice::from_ref(name), fields, raw).map(|(_, value)| value);
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

/// The first of several fields that is there: among those of the result, else among those that came.
fn look<'a>(names: &'a [String], fields: &Fields<'a>, raw: &Fields<'a>) -> Option<(&'a str, ValueView<'a>)> {
    names.iter().find_map(|name| Some((name.as_str(), fields.get(name).or_else(|| raw.find(name))?)))
}

/// Attributes with others, which win.
fn merged<'a>(
    attributes: AttributesView<'a>,
    more: impl Iterator<Item = (&'a str, ValueView<'a>)> + Clone,
    arena: &'a Arena,
) -> AttributesView<'a> {
    AttributesView::of_map(arena.write(|out| {
        let mut map = MapWriter::new(1, out);
        let is_replaced = |name: &str| more.clone().any(|(other, _)| other == name);
        let stay = attributes.iter().filter(|(name, _)| !is_replaced(name));
        stay.for_each(|(name, value)| map.put(name, value));
        more.clone().for_each(|(name, value)| map.put(name, value));
    }))
}
