//! The components that come with Tidewatch.

use tidewatch_component::Registry;
use tidewatch_exporters as exporters;
use tidewatch_extensions as extensions;
use tidewatch_processors as processors;
use tidewatch_receivers as receivers;

/// All of them; a binary of your own may add more before it calls [`main`](crate::main).
#[must_use]
pub fn components() -> Registry {
    Registry::new()
        .receiver::<receivers::otlp::Otlp>()
        .receiver::<receivers::generator::Generator>()
        .receiver::<receivers::file_log::FileLog>()
        .receiver::<receivers::http_json::HttpJson>()
        .processor::<processors::attributes::Attributes>()
        .processor::<processors::resource::Resource>()
        .processor::<processors::threshold::Threshold>()
        .processor::<processors::normalize::Normalize>()
        .processor::<processors::enrich::Enrich>()
        .processor::<processors::batch::Batch>()
        .processor::<processors::memory_limiter::MemoryLimiter>()
        .processor::<processors::filter::Filter>()
        .processor::<processors::transform::Transform>()
        .exporter::<exporters::otlp::Otlp>()
        .exporter::<exporters::otlp_http::OtlpHttp>()
        .exporter::<exporters::debug::Debug>()
        .exporter::<exporters::file::File>()
        .exporter::<exporters::webhook::Webhook>()
        .extension::<extensions::health_check::HealthCheck>()
        .extension::<extensions::basicauth::BasicAuth>()
        .extension::<extensions::bearertokenauth::BearerTokenAuth>()
        .extension::<extensions::pprof::Pprof>()
        .extension::<extensions::zpages::Zpages>()
        .extension::<extensions::file_storage::FileStorage>()
}
