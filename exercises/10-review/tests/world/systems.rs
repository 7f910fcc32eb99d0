//! Generated clean systems, and the faults that can be planted in them.

use std::fmt::Write as _;

/// A table of the ledger: its keys and their values.
#[derive(Clone, Debug)]
pub struct Entry(pub Vec<(String, String)>);

impl Entry {
    fn new(keys: &[(&str, &str)]) -> Self {
        let keys = keys
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Self(keys.collect())
    }

    pub fn set(&mut self, key: &str, value: &str) {
        self.unset(key);
        self.0.push((key.to_owned(), value.to_owned()));
    }

    pub fn unset(&mut self, key: &str) {
        self.0.retain(|(it, _)| it != key);
    }

    pub fn get(&self, key: &str) -> &str {
        let found = self.0.iter().find(|(it, _)| it == key);
        found.map_or("", |(_, value)| value.trim_matches('"'))
    }

    fn write(&self, table: &str, text: &mut String) {
        let _ = writeln!(text, "[[{table}]]");
        for (key, value) in &self.0 {
            let _ = writeln!(text, "{key} = {value}");
        }
    }
}

/// A system that can be written as a ledger.
#[derive(Clone, Debug, Default)]
pub struct System {
    pub components: Vec<Entry>,
    pub facts: Vec<Entry>,
    pub copies: Vec<Entry>,
    pub boundaries: Vec<Entry>,
    pub flows: Vec<(Entry, Vec<Entry>)>,
}

/// A source of random choices for a case.
pub struct Dice<'a>(pub &'a [u8], pub usize);

impl Dice<'_> {
    pub fn roll(&mut self, sides: usize) -> usize {
        let at = self.0[self.1 % self.0.len()];
        self.1 += 1;
        (usize::from(at) + self.1 / self.0.len()) % sides.max(1)
    }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

impl System {
    /// A clean system: a tree of services below an API, each with a store and a cache, a stream with a
    /// worker and a view. Only the calls to stores are retried.
    pub fn clean(dice: &mut Dice<'_>) -> Self {
        let mut system = Self::default();
        let services = 1 + dice.roll(5);
        system.part("page", "client", dice);
        system.part("api", "service", dice);
        system.part("relay", "worker", dice);
        system.part("stream", "service", dice);
        system.part("view", "derived", dice);
        system.part("edge", "edge", dice);
        // Each service has a third of its caller's time, and so has its store.
        let mut times = vec![27_000.0_f64];
        let mut children = vec![0_usize];
        let mut steps = vec![system.call("page", "api", times[0], 1, dice)];
        for at in 0..services {
            let parent = dice.roll(times.len());
            let parent = if children[parent] < 2 {
                parent
            } else {
                times.len() - 1
            };
            children[parent] += 1;
            let time = (times[parent] / 4.0).floor();
            times.push(time);
            children.push(0);
            let name = format!("s{at}");
            let caller = if parent == 0 {
                "api".to_owned()
            } else {
                format!("s{}", parent - 1)
            };
            system.part(&name, "service", dice);
            steps.push(system.call(&caller, &name, time, 1, dice));
            let (store, cache) = (format!("d{at}"), format!("c{at}"));
            system.part(&store, "authority", dice);
            system.part(&cache, "cache", dice);
            let tries = 1 + dice.roll(4);
            let mut write = system.call(&name, &store, (time / 4.0).floor(), tries, dice);
            let last = system.boundaries.len() - 1;
            system.boundaries[last].set("access", "\"write\"");
            write.set("writes", &quoted(&format!("f{at}")));
            steps.push(write);
            system.boundary(&name, &cache, "in-process", dice);
            system.fact(&format!("f{at}"), &store, dice);
            system.copy(&format!("f{at}"), &cache, &store, dice);
        }
        system.fact("progress", "d0", dice);
        system.copy("progress", "view", "stream", dice);
        system.copy("progress", "edge", "d0", dice);
        system.boundary("api", "stream", "asynchronous", dice);
        let mut publish = Entry::new(&[("from", "\"api\""), ("to", "\"stream\"")]);
        publish.set("after_reply", "true");
        system.boundary("relay", "view", "asynchronous", dice);
        let mut later = Entry::new(&[("from", "\"relay\""), ("to", "\"view\"")]);
        later.set("after_reply", "true");
        steps.push(publish);
        steps.push(later);
        let mut flow = Entry::new(&[("name", "\"complete\""), ("deadline", "\"30 s\"")]);
        flow.set("objective", "0.99");
        system.flows.push((flow, steps));
        let look = system.call("api", "view", 200.0, 1, dice);
        let flow = Entry::new(&[("name", "\"look\""), ("deadline", "\"2 s\"")]);
        system.flows.push((flow, vec![look]));
        system
    }

    fn part(&mut self, name: &str, role: &str, dice: &mut Dice<'_>) {
        let scope = ["process", "machine", "cluster"][dice.roll(3)];
        let mut part = Entry::new(&[("name", &quoted(name)), ("role", &quoted(role))]);
        part.set("scope", &quoted(scope));
        if dice.roll(4) > 0 {
            part.set("objective", ["0.9999", "0.9998", "1.0"][dice.roll(3)]);
        }
        if dice.roll(2) == 0 {
            part.set("owner", &quoted(["red", "blue"][dice.roll(2)]));
        }
        self.components.push(part);
    }

    fn fact(&mut self, name: &str, by: &str, dice: &mut Dice<'_>) {
        let by = match dice.roll(3) {
            0 => format!("[\"{by}\"]"),
            1 => format!("[\"{by}\", \"{by}\"]"),
            _ => quoted(by),
        };
        self.facts
            .push(Entry::new(&[("name", &quoted(name)), ("decided_by", &by)]));
    }

    fn copy(&mut self, of: &str, at: &str, from: &str, dice: &mut Dice<'_>) {
        let mut copy = Entry::new(&[("of", &quoted(of)), ("at", &quoted(at))]);
        let bound = ["\"5 s\"", "\"1 day\"", "\"0 s\""][dice.roll(3)];
        copy.set("stale_at_most", bound);
        copy.set("rebuilt_from", &quoted(from));
        self.copies.push(copy);
    }

    fn call(&mut self, from: &str, to: &str, ms: f64, tries: usize, dice: &mut Dice<'_>) -> Entry {
        let mode = ["network", "same-machine"][dice.roll(2)];
        self.boundary(from, to, mode, dice);
        let last = self.boundaries.len() - 1;
        let boundary = &mut self.boundaries[last];
        boundary.set("timeout", &quoted(&format!("{ms} ms")));
        let share = ms / 10.0;
        boundary.set("p50", &quoted(&format!("{:.1} ms", share / 10.0)));
        boundary.set("p99", &quoted(&format!("{share:.1} ms")));
        if tries > 1 || dice.roll(2) == 0 {
            boundary.set("tries", &tries.to_string());
        }
        if tries > 1 {
            boundary.set("per_try", &quoted(&format!("{share:.1} ms")));
            boundary.set("backoff", &quoted(&format!("{share:.1} ms")));
        }
        Entry::new(&[("from", &quoted(from)), ("to", &quoted(to))])
    }

    fn boundary(&mut self, from: &str, to: &str, mode: &str, dice: &mut Dice<'_>) {
        let mut boundary = Entry::new(&[("from", &quoted(from)), ("to", &quoted(to))]);
        boundary.set("mode", &quoted(mode));
        let kind = ["load", "isolation", "geography", "decoupling"][dice.roll(4)];
        boundary.set("pressure.kind", &quoted(kind));
        boundary.set("pressure.metric", "\"requests at peak\"");
        boundary.set("pressure.value", "\"1,900 a second\"");
        boundary.set("pressure.evidence", "\"load test 12\"");
        boundary.set("pressure.measured", "2026-11-02");
        boundary.set("cost.adds", "\"a round trip\"");
        boundary.set("correctness.owner", "\"d0\"");
        boundary.set(
            "fallback.when_slow",
            "\"callers queue, and the queue is bounded\"",
        );
        boundary.set("fallback.when_absent", "\"callers are told\"");
        self.boundaries.push(boundary);
    }

    /// The boundaries whose caller waits, by index.
    pub fn calls(&self) -> Vec<usize> {
        let remote = |mode: &str| mode == "network" || mode == "same-machine";
        let all = self.boundaries.iter().enumerate();
        let calls = all.filter(|(_, it)| remote(it.get("mode")));
        calls.map(|(at, _)| at).collect()
    }

    /// What a finding about a boundary is about.
    pub fn key(&self, boundary: usize) -> String {
        let it = &self.boundaries[boundary];
        format!("{} -> {}", it.get("from"), it.get("to"))
    }

    /// The ledger's text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let tables = [
            ("component", &self.components),
            ("fact", &self.facts),
            ("copy", &self.copies),
            ("boundary", &self.boundaries),
        ];
        for (table, entries) in tables {
            for entry in entries {
                entry.write(table, &mut text);
            }
        }
        for (flow, steps) in &self.flows {
            flow.write("flow", &mut text);
            for step in steps {
                step.write("flow.step", &mut text);
            }
        }
        text
    }
}
