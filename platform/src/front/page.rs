//! The page's HTML, as it stands at this moment.

use super::why::BOXES;
use crate::bounds;
use crate::load::MAX_RATE;
use crate::parts::Place;
use crate::scenario;
use crate::stage::Stage;
use crate::switch::Switch;
use serde_json::Value;
use std::fmt::Write as _;

/// The book's style sheet, for its colours: a role has the same one here and there.
const BOOK: &str = include_str!("../../../src/assets/course.css");

pub(super) fn css() -> String {
    let colours: String = BOOK
        .lines()
        .filter(|line| line.trim_start().starts_with("--hc-"))
        .collect::<Vec<_>>()
        .join("\n");
    format!(":root {{\n{colours}\n}}\n{}", include_str!("page.css"))
}

pub(super) fn html(stage: &Stage, now: &Value) -> String {
    include_str!("page.html")
        .replace("{{path}}", &path(now))
        .replace("{{why}}", &why())
        .replace("{{board}}", &board(now))
        .replace("{{sometimes}}", &sometimes(now))
        .replace("{{scenarios}}", &scenarios())
        .replace("{{lessons}}", &bounds::LESSONS.to_string())
        .replace("{{max-rate}}", &MAX_RATE.to_string())
        .replace("{{rate}}", &stage.load().rate().to_string())
        .replace("{{seed}}", &now["seed"].to_string())
}

fn path(now: &Value) -> String {
    let mut out = String::from(
        "<li class=\"place process\"><h3>Browser</h3><p class=\"role\">you, and everybody else</p></li>\n",
    );
    let places = now["places"].as_array().map_or(&[][..], Vec::as_slice);
    for (why, place) in BOXES.iter().zip(places) {
        let name = why.place.name();
        let state = place["switch"].as_str().unwrap_or("ok");
        let options: Vec<String> = Switch::ALL
            .into_iter()
            .map(|switch| {
                let chosen = if switch.name() == state {
                    " selected"
                } else {
                    ""
                };
                format!(
                    "<option value=\"{}\"{chosen}>{}</option>",
                    switch.name(),
                    label(switch)
                )
            })
            .collect();
        let _ = writeln!(
            out,
            "<li class=\"place {hue}\" id=\"place-{name}\" data-state=\"{state}\">\
             <h3><a href=\"#why-{name}\">{title}</a></h3>\
             <p class=\"role\">{role}</p>\
             <p class=\"figures\"><span data-last>{last}</span> <span data-note>{note}</span></p>\
             <form action=\"/stage/switch\" method=\"post\"><input type=\"hidden\" name=\"place\" value=\"{name}\">\
             <label><span class=\"hidden\">{title} is </span><select name=\"to\">{options}</select></label>\
             <noscript><button>set</button></noscript></form></li>",
            hue = why.hue,
            options = options.concat(),
            title = why.title,
            role = short(why.place),
            last = duration(place["last_us"].as_u64().unwrap_or(0)),
            note = place["note"].as_str().unwrap_or_default(),
        );
    }
    out
}

const fn short(place: Place) -> &'static str {
    match place {
        Place::Edge => "a copy near the user",
        Place::Api => "answers, decides nothing",
        Place::Cache => "may vanish",
        Place::Authority => "decides",
        Place::Stream => "tells others, later",
        Place::Workers => "act on events",
        Place::View => "derived from events",
    }
}

const fn label(switch: Switch) -> &'static str {
    match switch {
        Switch::Ok => "ok",
        Switch::Slow => "slow",
        Switch::Errors => "errors",
        Switch::Stopped => "stopped",
        Switch::Loses => "loses replies",
    }
}

fn why() -> String {
    BOXES
        .iter()
        .map(|why| {
            format!(
                "<details id=\"why-{name}\" class=\"why {hue}\"><summary>{title}: {role}</summary><dl>\
                 <dt>Scope</dt><dd>{scope}</dd><dt>Pressure that put it there</dt><dd>{pressure}</dd>\
                 <dt>What it charges</dt><dd>{charges}</dd>\
                 <dt>Why is this work local here?</dt><dd>{local}</dd>\
                 <dt>Why is it distributed there?</dt><dd>{distributed}</dd>\
                 <dt>Which new failure did that bring?</dt><dd>{failure}</dd>\
                 <dt>You build it in</dt><dd>{lab}</dd></dl></details>\n",
                name = why.place.name(),
                hue = why.hue,
                title = why.title,
                role = why.role,
                scope = why.scope,
                pressure = why.pressure,
                charges = why.charges,
                local = why.local,
                distributed = why.distributed,
                failure = why.failure,
                lab = why.lab,
            )
        })
        .collect::<Vec<_>>()
        .concat()
}

fn board(now: &Value) -> String {
    let rows = now["board"]["rows"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    rows.iter()
        .map(|row| {
            let broken = row["broken"].as_u64().unwrap_or(0);
            let checked = row["checked"].as_u64().unwrap_or(0);
            let steps: Vec<String> = row["steps"]
                .as_array()
                .map_or(&[][..], Vec::as_slice)
                .iter()
                .map(|step| {
                    format!(
                        "<li><time>{}</time> {}</li>",
                        seconds(step["at_ms"].as_u64().unwrap_or(0)),
                        escaped(step["what"].as_str().unwrap_or_default())
                    )
                })
                .collect();
            format!(
                "<li class=\"row {hue}\" id=\"row-{id}\" data-verdict=\"{verdict}\"><span class=\"says\">{says}</span>\
                 <span class=\"verdict\">{text}</span><ol class=\"steps\">{steps}</ol></li>\n",
                steps = steps.concat(),
                hue = hue(row["place"].as_str().unwrap_or_default()),
                id = row["id"].as_str().unwrap_or_default(),
                says = row["says"].as_str().unwrap_or_default(),
                verdict = if broken > 0 { "broken" } else if checked > 0 { "holds" } else { "open" },
                text = if broken > 0 {
                    format!("broken {} in {checked}", seen(broken))
                } else if checked > 0 {
                    format!("holds · checked {}", seen(checked))
                } else {
                    "not checked yet".to_owned()
                },
            )
        })
        .collect::<Vec<_>>()
        .concat()
}

fn hue(place: &str) -> &'static str {
    BOXES
        .iter()
        .find(|why| why.place.name() == place)
        .map_or("process", |why| why.hue)
}

fn sometimes(now: &Value) -> String {
    let rows = now["board"]["sometimes"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    rows.iter()
        .map(|row| {
            format!(
                "<li class=\"row\"><span class=\"says\">{}</span> <span class=\"verdict\">{}</span></li>\n",
                row["says"].as_str().unwrap_or_default(),
                seen(row["seen"].as_u64().unwrap_or(0)),
            )
        })
        .collect::<Vec<_>>()
        .concat()
}

fn seen(times: u64) -> String {
    match times {
        0 => "not yet".to_owned(),
        1 => "once".to_owned(),
        times => format!("{times} times"),
    }
}

fn scenarios() -> String {
    scenario::all()
        .iter()
        .map(|scenario| {
            let guesses: Vec<String> = scenario
                .guesses
                .iter()
                .enumerate()
                .map(|(number, guess)| {
                    format!(
                        "<label><input type=\"radio\" name=\"guess-{name}\" value=\"{number}\"> {guess}</label>",
                        name = scenario.name
                    )
                })
                .collect();
            format!(
                "<details class=\"scenario\" id=\"scenario-{name}\" data-scenario=\"{name}\" data-right=\"{right}\">\
                 <summary>{title}</summary><p>{says}</p>\
                 <fieldset><legend>{asks}</legend>{guesses}</fieldset>\
                 <p><button type=\"button\" data-run>Run it</button> \
                 <a href=\"/?scenario={name}&amp;seed=1#scenario-{name}\">Link to this</a></p>\
                 <div class=\"report\" aria-live=\"polite\"></div>\
                 <p class=\"read\">To read: {read}</p></details>\n",
                name = scenario.name,
                right = scenario.right,
                guesses = guesses.concat(),
                title = scenario.title,
                says = scenario.says,
                asks = scenario.asks,
                read = scenario.read,
            )
        })
        .collect::<Vec<_>>()
        .concat()
}

fn duration(us: u64) -> String {
    match us {
        0 => "·".to_owned(),
        1..1000 => format!("{us} µs"),
        1000..1_000_000 => format!("{}.{} ms", us / 1000, us % 1000 / 100),
        _ => format!("{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000),
    }
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03} s", ms / 1000, ms % 1000)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}
