//! Schemas without references and combinations.

use indexmap::IndexMap;
use serde_json::{Map, Number, Value as Json, json};

use super::kind::Kind;

/// How many alternatives a schema may have, and how far references are followed.
const MAX_SHAPES: usize = 256;
const MAX_REFERENCES: usize = 32;

/// One alternative of a schema: what is left when `$ref`, `allOf`, `oneOf` and `anyOf` have been worked out.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    /// Absent: any.
    pub(super) kinds: Option<Vec<Kind>>,
    pub(super) format: Option<String>,
    /// `enum` and `const`.
    pub(super) values: Option<Vec<Json>>,
    pub(super) properties: IndexMap<String, Json>,
    pub(super) required: Vec<String>,
    /// Keys of the Collector's that nothing here could honour, and why.
    pub(super) unsupported: IndexMap<String, String>,
    /// Variants of the Collector's that there are not here, by the value of their tag, and what to do without them.
    pub(super) unsupported_variants: IndexMap<String, String>,
    /// The schema of other keys; absent: they are allowed if there are no properties.
    pub(super) additional: Option<Json>,
    /// The schemas of the first items, one each.
    pub(super) first_items: Vec<Json>,
    /// The schema of the other items.
    pub(super) items: Option<Json>,
    pub(super) min_items: Option<u64>,
    pub(super) min_length: Option<u64>,
    pub(super) minimum: Option<Number>,
    pub(super) maximum: Option<Number>,
    pub(super) exclusive_minimum: Option<Number>,
    pub(super) exclusive_maximum: Option<Number>,
}

/// The alternatives of `schema`, whose references lead into `root`. Those that nothing can match are left out.
pub(super) fn shapes(root: &Json, schema: &Json) -> Vec<Shape> {
    expand(root, schema, MAX_REFERENCES)
}

fn expand(root: &Json, schema: &Json, references: usize) -> Vec<Shape> {
    let schema = match schema {
        Json::Bool(false) => return Vec::new(),
        Json::Object(schema) => schema,
        _ => return vec![Shape::default()],
    };
    let mut shapes = vec![Shape::of(schema)];
    if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
        let target = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        if let (Some(target), Some(references)) = (target, references.checked_sub(1)) {
            shapes = cross(&shapes, &expand(root, target, references));
        }
    }
    for part in schemas(schema, "allOf") {
        shapes = cross(&shapes, &expand(root, part, references));
    }
    for key in ["oneOf", "anyOf"] {
        if schema.contains_key(key) {
            let branches: Vec<_> =
                schemas(schema, key).flat_map(|branch| expand(root, branch, references)).collect();
            shapes = cross(&shapes, &branches);
        }
    }
    join_values(shapes)
}

fn schemas<'a>(schema: &'a Map<String, Json>, key: &str) -> impl Iterator<Item = &'a Json> {
    schema.get(key).and_then(Json::as_array).into_iter().flatten()
}

/// Every shape of one side together with every one of the other.
fn cross(left: &[Shape], right: &[Shape]) -> Vec<Shape> {
    let pairs = left.iter().flat_map(|left| right.iter().filter_map(|right| left.clone().and(right)));
    pairs.take(MAX_SHAPES).collect()
}

/// Makes one alternative of all that only list values, so that a message can name them together.
fn join_values(shapes: Vec<Shape>) -> Vec<Shape> {
    let mut joined: Vec<Shape> = Vec::new();
    for shape in shapes {
        let lists = |shape: &Shape| shape.values.is_some() && shape.properties.is_empty();
        match joined.iter_mut().find(|other| lists(other) && lists(&shape)) {
            Some(other) => {
                other.values.get_or_insert_default().extend(shape.values.into_iter().flatten());
                other.kinds.get_or_insert_default().extend(shape.kinds.into_iter().flatten());
            }
            None => joined.push(shape),
        }
    }
    joined
}

impl Shape {
    fn of(schema: &Map<String, Json>) -> Self {
        let number = |key: &str| schema.get(key).and_then(Json::as_number).cloned();
        let count = |key: &str| schema.get(key).and_then(Json::as_u64);
        let object = |key: &str| schema.get(key).and_then(Json::as_object).into_iter().flatten();
        let strings = |key: &str| {
            schema.get(key).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
        };
        let constant = schema.get("const").map(|value| vec![value.clone()]);
        let values = constant.or_else(|| schema.get("enum").and_then(Json::as_array).cloned());
        let kinds = match schema.get("type") {
            Some(Json::String(kind)) => Some(Kind::parse(kind).into_iter().collect()),
            Some(_) => Some(strings("type").filter_map(Kind::parse).collect()),
            None => values.as_ref().map(|values| values.iter().map(Kind::of_json).collect()),
        };
        let reasons = |key: &str| {
            let all = object(key);
            all.map(|(key, why)| (key.clone(), why.as_str().unwrap_or_default().to_owned())).collect()
        };
        let additional = object("patternProperties").next().map(|(_, schema)| schema);
        Self {
            kinds,
            format: schema.get("format").and_then(Json::as_str).map(str::to_owned),
            values,
            properties: object("properties").map(|(key, value)| (key.clone(), value.clone())).collect(),
            required: strings("required").map(str::to_owned).collect(),
            unsupported: reasons("x-unsupported"),
            unsupported_variants: reasons("x-unsupported-variants"),
            additional: additional
                .or_else(|| schema.get("additionalProperties"))
                .or_else(|| schema.get("unevaluatedProperties"))
                .cloned(),
            first_items: schemas(schema, "prefixItems").cloned().collect(),
            items: schema.get("items").cloned(),
            min_items: count("minItems"),
            min_length: count("minLength"),
            minimum: number("minimum"),
            maximum: number("maximum"),
            exclusive_minimum: number("exclusiveMinimum"),
            exclusive_maximum: number("exclusiveMaximum"),
        }
    }

    /// What matches both shapes; `None` if nothing does.
    fn and(mut self, other: &Self) -> Option<Self> {
        self.kinds = match (self.kinds.take(), &other.kinds) {
            (Some(own), Some(others)) => {
                let narrower = own.iter().filter(|kind| others.iter().any(|other| kind.is(*other)));
                let wider = others.iter().filter(|other| own.iter().any(|kind| other.is(*kind)));
                let kinds: Vec<_> = narrower.chain(wider).copied().collect();
                (!kinds.is_empty()).then_some(kinds.clone())?;
                Some(kinds)
            }
            (own, others) => own.or_else(|| others.clone()),
        };
        for (key, schema) in &other.properties {
            let own = self.properties.get(key);
            let both = own.map_or_else(|| schema.clone(), |own| json!({ "allOf": [own, schema] }));
            self.properties.insert(key.clone(), both);
        }
        for key in &other.required {
            if !self.required.contains(key) {
                self.required.push(key.clone());
            }
        }
        self.unsupported.extend(other.unsupported.clone());
        self.unsupported_variants.extend(other.unsupported_variants.clone());
        // One side's being closed is about its own keys only.
        self.additional = match (self.additional.take(), &other.additional) {
            (Some(Json::Bool(false)) | None, Some(more)) => Some(more.clone()),
            (own, _) => own,
        };
        self.format = self.format.or_else(|| other.format.clone());
        self.values = self.values.or_else(|| other.values.clone());
        self.items = self.items.or_else(|| other.items.clone());
        self.min_items = self.min_items.max(other.min_items);
        self.min_length = self.min_length.max(other.min_length);
        self.minimum = self.minimum.or_else(|| other.minimum.clone());
        self.maximum = self.maximum.or_else(|| other.maximum.clone());
        self.exclusive_minimum = self.exclusive_minimum.or_else(|| other.exclusive_minimum.clone());
        self.exclusive_maximum = self.exclusive_maximum.or_else(|| other.exclusive_maximum.clone());
        Some(self)
    }

    /// Whether values of this kind can match.
    pub(super) fn takes(&self, kind: Kind) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.iter().any(|wanted| kind.is(*wanted)))
    }

    /// Whether this kind is named, not only allowed among anything else.
    pub(super) fn wants(&self, kind: Kind) -> bool {
        self.kinds.is_some() && self.takes(kind)
    }
}

/// What matches one of `shapes`, in a few words.
pub(super) fn describe(shapes: &[Shape]) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in shapes.iter().flat_map(describe_one) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    join(&words)
}

fn describe_one(shape: &Shape) -> Vec<String> {
    if let Some(values) = &shape.values {
        return show(values);
    }
    match shape.format.as_deref() {
        Some("duration") => vec!["a duration such as `30s`".into()],
        Some("byte-size") => vec!["a size such as `512MiB`".into()],
        _ => {
            let kinds = shape.kinds.iter().flatten().filter(|kind| **kind != Kind::Null);
            kinds.map(|kind| kind.describe().to_owned()).collect()
        }
    }
}

/// Values from a schema as they would be written.
pub(super) fn show(values: &[Json]) -> Vec<String> {
    let show = |value: &Json| value.as_str().map_or_else(|| format!("`{value}`"), |text| format!("`{text}`"));
    values.iter().filter(|value| !value.is_null()).map(show).collect()
}

/// `a, b or c`
pub(super) fn join(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}
