//! The registry behind `/metrics`.

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, TextEncoder,
    core::{Collector, Desc},
    proto::MetricFamily,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Every metric of this agent. Cheap to clone; asking for a family twice gives the same one.
#[derive(Clone, Default)]
pub struct Metrics {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    registry: prometheus::Registry,
    families: Mutex<Families>,
}

#[derive(Default)]
struct Families {
    counters: HashMap<String, IntCounterVec>,
    gauges: HashMap<String, IntGaugeVec>,
    histograms: HashMap<String, HistogramVec>,
    on_scrape: HashMap<String, Arc<Mutex<Read>>>,
}

/// Label values and numbers, as they are now.
type Read = Box<dyn Fn() -> Vec<(Vec<String>, i64)> + Send + Sync>;

impl Metrics {
    /// A counter family.
    ///
    /// # Panics
    /// On a name that is no metric name, or known already with other labels: a mistake in the code.
    pub fn counter(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        let mut families = self.inner.families.lock().unwrap_or_else(PoisonError::into_inner);
        families
            .counters
            .entry(name.to_owned())
            .or_insert_with(|| self.register(IntCounterVec::new(Opts::new(name, help), labels)))
            .clone()
    }

    /// A gauge family.
    ///
    /// # Panics
    /// As [`Metrics::counter`].
    pub fn gauge(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        let mut families = self.inner.families.lock().unwrap_or_else(PoisonError::into_inner);
        families
            .gauges
            .entry(name.to_owned())
            .or_insert_with(|| self.register(IntGaugeVec::new(Opts::new(name, help), labels)))
            .clone()
    }

    /// A histogram family with the given upper bounds.
    ///
    /// # Panics
    /// As [`Metrics::counter`].
    pub fn histogram(&self, name: &str, help: &str, labels: &[&str], bounds: &[f64]) -> HistogramVec {
        let mut families = self.inner.families.lock().unwrap_or_else(PoisonError::into_inner);
        families
            .histograms
            .entry(name.to_owned())
            .or_insert_with(|| {
                let options = HistogramOpts::new(name, help).buckets(bounds.to_vec());
                self.register(HistogramVec::new(options, labels))
            })
            .clone()
    }

    /// A gauge family whose values are read at the moment of the scrape: `read` gives label values and
    /// numbers; those of the same labels are summed up. Asked for again, it is read the new way.
    ///
    /// # Panics
    /// As [`Metrics::counter`].
    pub fn on_scrape(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        read: impl Fn() -> Vec<(Vec<String>, i64)> + Send + Sync + 'static,
    ) {
        let read: Read = Box::new(read);
        let mut families = self.inner.families.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = families.on_scrape.get(name) {
            *known.lock().unwrap_or_else(PoisonError::into_inner) = read;
            return;
        }
        let gauge = IntGaugeVec::new(Opts::new(name, help), labels).expect("a valid gauge");
        let read = Arc::new(Mutex::new(read));
        families.on_scrape.insert(name.to_owned(), read.clone());
        self.inner.registry.register(Box::new(OnScrape { gauge, read })).expect("a name registered once");
    }

    /// Adds a collector of somebody else's making.
    ///
    /// # Panics
    /// When its names are taken.
    pub fn register_collector(&self, collector: Box<dyn Collector>) {
        self.inner.registry.register(collector).expect("a name registered once");
    }

    /// All metrics in the Prometheus text format 0.0.4.
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        // Only an inconsistent family can fail, which registering has ruled out.
        if let Err(error) = TextEncoder::new().encode(&self.inner.registry.gather(), &mut text) {
            tracing::error!(%error, "metrics cannot be written");
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    fn register<C: Collector + Clone + 'static>(&self, made: prometheus::Result<C>) -> C {
        let family = made.expect("a valid metric");
        self.inner.registry.register(Box::new(family.clone())).expect("a name registered once");
        family
    }
}

struct OnScrape {
    gauge: IntGaugeVec,
    read: Arc<Mutex<Read>>,
}

impl Collector for OnScrape {
    fn desc(&self) -> Vec<&Desc> {
        self.gauge.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.gauge.reset();
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        for (labels, value) in read() {
            let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
            self.gauge.with_label_values(&labels).add(value);
        }
        self.gauge.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_can_be_read_another_way_and_sums_up_what_has_one_name() {
        let metrics = Metrics::default();
        let rows = |rows: &[(&str, i64)]| {
            let rows: Vec<_> =
                rows.iter().map(|(label, value)| (vec![(*label).to_owned()], *value)).collect();
            metrics.on_scrape("held", "Items.", &["node"], move || rows.clone());
        };
        rows(&[("a", 1), ("b", 2)]);
        assert!(metrics.render().contains("held{node=\"a\"} 1\nheld{node=\"b\"} 2\n"));
        rows(&[("b", 3), ("b", 4)]);
        let text = metrics.render();
        assert!(text.contains("held{node=\"b\"} 7\n") && !text.contains("node=\"a\""), "{text}");
    }
}
