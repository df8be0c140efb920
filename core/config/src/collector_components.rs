//! What the OpenTelemetry Collector has (core and contrib), to tell "not yet" from "no such thing".

use crate::Kind;

/// Whether the Collector has this type. Underscores do not count: the Collector is moving from `filelog` to
/// `file_log`.
pub(crate) fn has(kind: Kind, type_: &str) -> bool {
    let list = match kind {
        Kind::Receiver => RECEIVERS,
        Kind::Processor => PROCESSORS,
        Kind::Exporter => EXPORTERS,
        Kind::Extension => EXTENSIONS,
    };
    contains(list, type_)
}

/// Whether the Collector has this type of connector.
pub(crate) fn has_connector(type_: &str) -> bool {
    contains(CONNECTORS, type_)
}

/// What does the same here, where the Collector itself has moved on.
pub(crate) fn instead(kind: Kind, type_: &str) -> Option<&'static str> {
    match (kind, type_) {
        (Kind::Exporter, "logging") => Some("the Collector calls it `debug` now, and so does Tidewatch"),
        (Kind::Extension, "memory_ballast") => Some("set `service.memory_limit` instead"),
        _ => None,
    }
}

fn contains(list: &str, type_: &str) -> bool {
    let name = type_.replace('_', "");
    list.split_whitespace().any(|known| known == name)
}

/// The Collector's receivers, without underscores.
const RECEIVERS: &str = "
    activedirectoryds aerospike apache apachespark awscloudwatch awscontainerinsight awsecscontainermetrics
    awsfirehose awslambda awss3 awsxray azureblob azureeventhub azuremonitor bigip carbon chrony ciscoos
    cloudflare cloudfoundry collectd couchdb datadog dockerstats elasticsearch envoyals expvar faro filelog
    filestats flinkmetrics fluentforward github gitlab gitprovider googlecloudmonitoring googlecloudpubsub
    googlecloudpubsubpush googlecloudspanner haproxy hostmetrics httpcheck icmpcheck iis influxdb jaeger jmx
    journald k8scluster k8sevents k8sobjects kafka kafkametrics kubeletstats libhoney loki
    macosunifiedlogging memcached mongodb mongodbatlas mysql namedpipe netflow nginx nop nsxt ntp obi
    opencensus oracledb osquery otelarrow otlp otlpjsonfile podman postgresql pprof prometheus
    prometheusremotewrite pulsar purefa purefb rabbitmq receivercreator redis riak saphana sapm
    simpleprometheus skywalking snmp snowflake solace splunkenterprise splunkhec sqlquery sqlserver sshcheck
    statsd stef syslog systemd tcpcheck tcplog tlscheck udplog vcenter wavefront webhookevent
    windowseventlog windowsperfcounters windowsservice yanggrpc zipkin zookeeper
";

/// The Collector's processors, without underscores.
const PROCESSORS: &str = "
    attributes batch cardinalityguardian coralogix cumulativetodelta deltatocumulative deltatorate drain
    experimentalmetricsgeneration filter genainormalizer geoip groupbyattrs groupbytrace interval
    isolationforest k8sattributes logdedup logstransform memorylimiter metricsgeneration metricstarttime
    metricstransform probabilisticsampler redaction remotetap resource resourcedetection routing schema
    servicegraph span spanmetrics sumologic tailsampling transform unroll
";

/// The Collector's exporters, without underscores.
const EXPORTERS: &str = "
    alibabacloudlogservice awscloudwatchlogs awsemf awskinesis awss3 awsxray azureblob azuredataexplorer
    azuremonitor bmchelix carbon cassandra clickhouse coralogix datadog dataset debug doris dynatrace
    elasticsearch f5cloud faro file googlecloud googlecloudpubsub googlecloudstorage googlemanagedprometheus
    honeycombmarker influxdb instana jaeger jaegerthrift kafka loadbalancing logging logicmonitor logzio
    loki mezmo nop opencensus opensearch otelarrow otlp otlphttp parquet prometheus prometheusremotewrite
    pulsar rabbitmq sapm sentry signalfx skywalking splunkhec stef sumologic syslog tencentcloudlogservice
    tinybird zipkin
";

/// The Collector's extensions, without underscores.
const EXTENSIONS: &str = "
    ack asapauth asapclient awscloudwatchmetricstreamsencoding awsiamdbauth awslogsencoding awsproxy
    azureauth azureencoding basicauth bearertokenauth cgroupruntime datadog dbstorage dockerobserver
    ecsobserver filestorage googleclientauth googlecloudlogentryencoding headerssetter healthcheck
    healthcheckv2 hostobserver httpforwarder jaegerencoding jaegerremotesampling jsonlogencoding
    k8sleaderelector k8sobserver memoryballast oauth2client oauth2clientauth oidc oidcauth opamp
    otlpencoding pebbletailstorage pprof redisstorage remotetap sigv4auth skywalkingencoding sumologic
    textencoding zipkinencoding zpages
";

/// The Collector's connectors, without underscores.
const CONNECTORS: &str = "
    count datadog exceptions failover forward grafanacloud metricsaslogs otlpjson roundrobin routing
    servicegraph signaltometrics spanmetrics sum
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_new_spellings_are_known() {
        assert!(has(Kind::Receiver, "hostmetrics") && has(Kind::Receiver, "host_metrics"));
        assert!(has(Kind::Receiver, "k8s_cluster") && has(Kind::Processor, "tail_sampling"));
        assert!(has(Kind::Extension, "file_storage") && has_connector("spanmetrics"));
        assert!(!has(Kind::Exporter, "hostmetrics") && !has(Kind::Receiver, "otpl"));
    }
}
