//! What an image's name suggests, and which names an address contains.

/// What a component probably is.
pub struct Technology {
    pub role: &'static str,
    /// Whether others send it messages without waiting.
    pub carries_messages: bool,
    /// Whether it watches the system instead of serving it.
    pub watches: bool,
}

/// What the name of an image or of a component suggests.
pub fn of(name: &str) -> Technology {
    const STORES: [&str; 15] = [
        "postgres",
        "mysql",
        "mariadb",
        "mongo",
        "cockroach",
        "cassandra",
        "etcd",
        "couchdb",
        "mssql",
        "oracle",
        "dynamodb",
        "clickhouse",
        "elasticsearch",
        "opensearch",
        "minio",
    ];
    const CACHES: [&str; 4] = ["redis", "memcached", "valkey", "dragonfly"];
    const STREAMS: [&str; 7] = [
        "kafka",
        "rabbitmq",
        "nats",
        "pulsar",
        "redpanda",
        "activemq",
        "mosquitto",
    ];
    const EDGES: [&str; 7] = [
        "nginx",
        "traefik",
        "envoy",
        "haproxy",
        "varnish",
        "caddy",
        "edge-router",
    ];
    const WATCHERS: [&str; 11] = [
        "jaeger",
        "zipkin",
        "prometheus",
        "grafana",
        "otel",
        "opentelemetry",
        "loki",
        "tempo",
        "fluentd",
        "statsd",
        "collector",
    ];
    let name = name.to_ascii_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| name.contains(word));
    Technology {
        role: if any(&CACHES) {
            "cache"
        } else if any(&STORES) {
            "authority"
        } else if any(&EDGES) {
            "edge"
        } else {
            "service"
        },
        carries_messages: any(&STREAMS),
        watches: any(&WATCHERS),
    }
}

/// An address in a value: the host, and whether the value marks it as an address.
pub struct Address<'a> {
    pub host: &'a str,
    pub port: bool,
}

/// The addresses in a value: `http://user:key@host:80/x`, `host:80`, or lists of those.
pub fn addresses(value: &str) -> Vec<Address<'_>> {
    let of_url = |c: char| !c.is_ascii_alphanumeric() && !"-._:/@%+".contains(c);
    let words = value.split(of_url).filter(|word| !word.is_empty());
    let found = words.filter_map(|word| {
        let (scheme, rest) = word
            .split_once("://")
            .map_or((false, word), |(_, rest)| (true, rest));
        let rest = rest.split('/').next().unwrap_or(rest);
        let rest = rest.rsplit('@').next().unwrap_or(rest);
        let (host, port) = match rest.split_once(':') {
            Some((host, port)) => {
                let number = !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit());
                (host, number)
            }
            None => (rest, false),
        };
        let host = host.trim_matches('.');
        (!host.is_empty()).then_some(Address {
            host,
            port: port || scheme,
        })
    });
    found.collect()
}

/// Whether a variable is there to hold an address, by its name.
pub fn is_for_address(variable: &str) -> bool {
    let name = variable.to_ascii_uppercase();
    let ends = [
        "HOST", "HOSTNAME", "ADDR", "ADDRESS", "URL", "URI", "SERVER", "ENDPOINT", "DSN", "SERVICE",
    ];
    ends.iter().any(|end| name.ends_with(end))
}
