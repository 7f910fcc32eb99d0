//! Importing: what is taken from a description, what is not, and that no input breaks it.

use boundaries::import::{Kind, import};
use ledger::Ledger;

fn read(kind: Option<Kind>, text: &str) -> String {
    let sources = [("x.yml".to_owned(), text.to_owned())];
    let imported = import(kind, &sources).unwrap_or_else(|error| panic!("{error}"));
    let ledger = imported.ledger();
    Ledger::parse(&ledger).unwrap_or_else(|error| panic!("{error}\n{ledger}"));
    ledger
}

fn error(text: &str) -> String {
    let sources = [("x.yml".to_owned(), text.to_owned())];
    import(None, &sources).map(|_| ()).expect_err("an error")
}

fn edges(ledger: &str) -> Vec<(String, String)> {
    let ledger = Ledger::parse(ledger).expect("a ledger");
    let boundaries = ledger.boundaries.iter();
    boundaries
        .map(|it| (it.from.get_ref().clone(), it.to.get_ref().clone()))
        .collect()
}

const COMPOSE: &str = r"
x-common: &common
  depends_on: [db]
  unknown: { 8080: true }
services:
  web:
    <<: *common
    image: shop/web
    environment:
      - CATALOGUE_URL=http://catalogue:80/items
      - MODE=catalogue-like
      - EMPTY
  catalogue:
    image: shop/catalogue
    environment: { DB_HOST: db, PORT: 80, TRACE: http://jaeger:4317 }
  db: { image: 'mysql:8' }
  jaeger: { image: jaegertracing/all-in-one }
  queue: { image: rabbitmq:3, volumes: ['q:/q'] }
  mailer: { image: shop/mailer, command: ['--amqp', 'amqp://queue:5672'] }
";

#[test]
fn compose_gives_addresses_and_start_orders() {
    let text = read(None, COMPOSE);
    let pairs: Vec<_> = edges(&text)
        .into_iter()
        .map(|(a, b)| format!("{a}>{b}"))
        .collect();
    let expected = [
        "catalogue>db",
        "catalogue>jaeger",
        "mailer>queue",
        "web>catalogue",
        "web>db",
    ];
    assert_eq!(pairs, expected, "{text}");
    for said in [
        "origin = \"x.yml:10 address in CATALOGUE_URL; ",
        "depends_on (a start order, and no call)",
        "mode = \"asynchronous\"",
        "telemetry, probably",
        "no volume: what it holds is gone with its container",
        "role = \"authority\"",
    ] {
        let said = said.trim_end_matches("; ");
        assert!(text.contains(said), "{said}\n{text}");
    }
    let ledger = Ledger::parse(&text).expect("a ledger");
    assert!(
        ledger
            .boundaries
            .iter()
            .all(|it| it.pressure.is_none() && it.fallback.is_none())
    );
    assert!(
        ledger
            .boundaries
            .iter()
            .all(|it| !it.confirmed.as_ref().unwrap().get_ref())
    );
}

#[test]
fn an_origin_is_the_line_of_its_own_service() {
    let text = "services:\n  web:\n    image: shop/web\n    depends_on:\n      db: { condition: service_started }\n      queue-admin: {}\n    environment:\n      QUEUE: amqp://queue:1\n      DB_URL: postgres://web@db:5432/shop\n\n  # The one store.\n  db:\n    image: postgres\n  'queue': &queue\n    image: rabbitmq\n  queue-admin:\n    <<: *queue\n    environment:\n    - DB_URL=postgres://admin@db:5432/shop\nvolumes:\n  web: {}\n";
    for indented in [text.to_owned(), format!("x-web:\n  web: 1\n{text}")] {
        let shift = indented.lines().count() - text.lines().count();
        let ledger = read(None, &indented);
        let ledger = Ledger::parse(&ledger).expect("a ledger");
        let parts = ledger.components.iter().map(|it| {
            let origin = it.origin.as_deref().unwrap_or("");
            (it.name.get_ref().as_str(), origin.to_owned())
        });
        let at = |line: usize| format!("x.yml:{}", line + shift);
        let expected = [("db", 12), ("queue", 14), ("queue-admin", 16), ("web", 2)];
        let expected = expected.map(|(name, line)| (name, at(line)));
        assert_eq!(parts.collect::<Vec<_>>(), expected);
        let lines = ledger.boundaries.iter();
        let lines: Vec<_> = lines.filter_map(|it| it.origin.as_deref()).collect();
        let order = "depends_on (a start order, and no call)";
        let expected = [
            format!("{} address in DB_URL", at(19)),
            format!("{} {order}; {} address in DB_URL", at(5), at(9)),
            format!("{} address in QUEUE", at(8)),
            format!("{} {order}", at(6)),
        ];
        assert_eq!(lines, expected);
    }
    let json = "{\n  \"services\": {\n    \"web\": {\n      \"environment\": { \"DB\": \"db:1\" }\n    },\n    \"db\": { \"image\": \"mysql\" }\n  }\n}\n";
    let ledger = read(Some(Kind::Compose), json);
    for said in ["x.yml:3\"", "x.yml:6\"", "x.yml:4 address in DB"] {
        assert!(ledger.contains(said), "{said}\n{ledger}");
    }
}

#[test]
fn one_database_under_two_names_of_users_is_asked_about() {
    let text = "services:\n  a: { environment: { U: 'postgres://a:1@db:5432/shop' } }\n  b: { environment: { U: 'postgres://b:2@db:5432/shop' } }\n  db: { image: postgres }\n";
    let ledger = read(None, text);
    assert!(
        ledger.contains("a, b have the same address of `db`"),
        "{ledger}"
    );
}

const KUBERNETES: &str = r"
apiVersion: apps/v1
kind: Deployment
metadata: { name: books-v1 }
spec:
  template:
    metadata: { labels: { app: books } }
    spec:
      containers:
      - image: shop/books
        env:
        - { name: AUTHORS_URL, value: 'http://authors.shop.svc.cluster.local:7001' }
        - { name: DATABASE_URL, value: 'mysql2://root@mysql:3306/x' }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: authors }
spec:
  template:
    metadata: { labels: { app: authors } }
    spec:
      containers:
      - image: shop/authors
        env:
        - { name: BOOKS_ADDR, value: 'books:7002' }
        - { name: DATABASE_URL, value: 'mysql2://root@mysql:3306/x' }
---
apiVersion: v1
kind: Service
metadata: { name: books }
spec: { selector: { app: books } }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: cart }
spec:
  template:
    metadata: { labels: { app: cart } }
    spec:
      containers: [ { image: 'redis:alpine' } ]
      volumes: [ { name: data, emptyDir: {} } ]
";

#[test]
fn kubernetes_follows_services_to_workloads() {
    let text = read(None, KUBERNETES);
    let pairs: Vec<_> = edges(&text)
        .into_iter()
        .map(|(a, b)| format!("{a}>{b}"))
        .collect();
    assert_eq!(
        pairs,
        [
            "authors>books-v1",
            "authors>mysql",
            "books-v1>authors",
            "books-v1>mysql"
        ],
        "{text}"
    );
    assert!(text.contains("named only by an address"), "{text}");
    assert!(text.contains("do several of them write there?"), "{text}");
    assert!(text.contains("its volume `data` is an emptyDir"), "{text}");
}

#[test]
fn attempts_are_retries_and_tries_are_one_more() {
    let route = |retries: &str| {
        format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{ name: v }}\nspec:\n  \
             hosts: [reviews]\n  http:\n  - route: [ {{ destination: {{ host: reviews }} }} ]\n{retries}"
        )
    };
    for (retries, tries, said) in [
        ("", 3, "Istio then makes 2"),
        ("    retries: { attempts: 0 }\n", 1, "one more"),
        (
            "    timeout: 1s\n    retries: { attempts: 3, perTryTimeout: 2s }\n",
            4,
            "one more",
        ),
    ] {
        let text = read(None, &route(retries));
        assert!(text.contains(&format!("tries = {tries}\n")), "{text}");
        assert!(text.contains(said), "{text}");
    }
    let text = read(
        None,
        &route(
            "    timeout: 1m30s\n    retries: { attempts: 1, perTryTimeout: 250ms, retryOn: 'connect-failure,refused-stream' }\n",
        ),
    );
    for said in [
        "timeout = \"90000 ms\"",
        "per_try = \"250 ms\"",
        "retry_on = [\"connect\"]",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    let gateway = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nspec:\n  rules:\n  - backendRefs: [ { name: pay } ]\n    timeouts: { request: 1s, backendRequest: 400ms }\n    retry: { attempts: 2 }\n";
    let text = read(None, gateway);
    for said in [
        "tries = 3",
        "timeout = \"1000 ms\"",
        "per_try = \"400 ms\"",
        "to = \"pay\"",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
}

#[test]
fn a_route_is_added_to_the_calls_that_are_known() {
    let text = format!(
        "{KUBERNETES}---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{ name: a }}\nspec:\n  hosts: [authors]\n  http:\n  - route: [ {{ destination: {{ host: authors }} }} ]\n    retries: {{ attempts: 3 }}\n"
    );
    let text = read(None, &text);
    assert!(!text.contains("\"mesh\""), "{text}");
    let ledger = Ledger::parse(&text).expect("a ledger");
    let boundary = ledger.boundary("books-v1", "authors").expect("known");
    assert_eq!(boundary.tries.as_ref().unwrap().get_ref().0, 4);
}

#[test]
fn backstage_gives_owners_and_dependencies() {
    let text = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: { name: lookup }\nspec:\n  type: service\n  owner: group:default/team-a\n  dependsOn: ['resource:default/artists-db', 'component:player']\n---\napiVersion: backstage.io/v1alpha1\nkind: Resource\nmetadata: { name: artists-db }\nspec: { type: database, owner: team-b }\n";
    let text = read(None, text);
    for said in [
        "owner = \"team-a\"",
        "owner = \"team-b\"",
        "role = \"authority\"",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    assert_eq!(edges(&text).len(), 2, "{text}");
}

#[test]
fn traces_are_calls_with_their_numbers() {
    let links = r#"[{"parent":"web","child":"api","callCount":120,"errorCount":3},{"parent":"api","child":"kafka","callCount":7}]"#;
    for text in [links.to_owned(), format!("{{\"data\": {links}}}")] {
        let text = read(None, &text);
        assert_eq!(edges(&text).len(), 2, "{text}");
        assert!(text.contains("120 calls and 3 errors were seen"), "{text}");
        assert!(text.contains("mode = \"asynchronous\""), "{text}");
    }
    for wrong in ["[{}]", "{}", "[1", "[{\"parent\": 1, \"child\": 2}]"] {
        assert!(error(wrong).starts_with("x.yml:1: "), "{wrong}");
    }
}

#[test]
fn what_is_no_description_is_refused_with_its_line() {
    let bomb = (0..12).fold("a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned(), |text, at| {
        let next = at + 1;
        let all = vec![format!("*a{at}"); 9].join(",");
        text + &format!("a{next}: &a{next} [{all}]\n")
    });
    let deep = format!("a: {}{}", "[".repeat(1_000), "]".repeat(1_000));
    let large = "#\n".repeat(1 << 21);
    for text in [
        &bomb,
        &deep,
        &large,
        "services: [",
        "a: b: c",
        "hello",
        "",
        "services: {}",
    ] {
        let said = error(text);
        let line = said
            .strip_prefix("x.yml:")
            .or_else(|| said.strip_prefix("x.yml: "));
        assert!(line.is_some(), "{said}");
    }
}

#[test]
fn odd_names_stay_text() {
    let text =
        "services:\n  \"a\\\"] \\n[[waiver]]\": { image: \"x\\ny\", depends_on: [b] }\n  b: {}\n";
    let text = read(None, text);
    let ledger = Ledger::parse(&text).expect("a ledger");
    assert_eq!(
        (ledger.components.len(), ledger.waivers.len()),
        (2, 0),
        "{text}"
    );
}
