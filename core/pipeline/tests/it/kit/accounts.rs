//! The books of all nodes, read from the metrics text.

use std::collections::BTreeMap;

type Labels = BTreeMap<String, String>;

/// One scrape.
pub(crate) struct Accounts(Vec<(String, Labels, i64)>);

impl Accounts {
    /// Reads the Prometheus text format, as far as this crate's own metrics use it.
    pub(crate) fn read(text: &str) -> Self {
        let line = |line: &str| {
            let (series, value) = line.rsplit_once(' ')?;
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let labels = labels.trim_end_matches('}').split(',').filter_map(|pair| {
                let (key, value) = pair.split_once('=')?;
                Some((key.to_owned(), value.trim_matches('"').to_owned()))
            });
            Some((name.to_owned(), labels.collect(), value.parse().ok()?))
        };
        Self(text.lines().filter(|text| !text.starts_with('#')).filter_map(line).collect())
    }

    /// The sum of all series of a metric with these labels.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> i64 {
        let fits =
            |own: &Labels| labels.iter().all(|(key, value)| own.get(*key).is_some_and(|own| own == value));
        self.0.iter().filter(|(of, own, _)| of == name && fits(own)).map(|(_, _, value)| value).sum()
    }

    /// Items that `node` dropped for `reason`.
    pub(crate) fn dropped(&self, node: &str, reason: &str) -> i64 {
        self.sum("tidewatch_dropped_items", &[("node", node), ("reason", reason)])
    }

    /// Items that all nodes hold.
    pub(crate) fn held(&self) -> i64 {
        self.sum("tidewatch_held_items", &[])
    }

    /// What the queues hold, in whatever unit they are bounded.
    pub(crate) fn queued(&self) -> i64 {
        self.sum("otelcol_exporter_queue_size", &[])
    }

    /// The nodes for which `in + created + recovered = out + dropped + kept + held` does not hold, with both sides.
    pub(crate) fn unbalanced(&self) -> Vec<String> {
        let mut nodes: BTreeMap<String, [i64; 5]> = BTreeMap::new();
        for (name, labels, value) in &self.0 {
            let column = match (name.as_str(), labels.get("book").map(String::as_str)) {
                ("tidewatch_node_items", Some("in")) => 0,
                ("tidewatch_node_items", Some("created" | "recovered")) => 1,
                ("tidewatch_node_items", Some("out" | "kept")) => 2,
                ("tidewatch_dropped_items", _) => 3,
                ("tidewatch_held_items", _) => 4,
                _ => continue,
            };
            let node = ["kind", "pipeline", "node", "signal"].map(|label| labels[label].as_str()).join(" ");
            nodes.entry(node).or_default()[column] += value;
        }
        let unbalanced = |sums: &[i64; 5]| sums[0] + sums[1] != sums[2] + sums[3] + sums[4];
        nodes
            .into_iter()
            .filter(|(_, sums)| unbalanced(sums))
            .map(|(node, [came, created, out, dropped, held])| {
                format!(
                    "{node}: in {came} + created {created} != out {out} + dropped {dropped} + held {held}"
                )
            })
            .collect()
    }
}
