// The page's own script: it hears what is new, turns switches, does things, and draws. Without it the
// page is a snapshot whose forms still work.
"use strict";

const byId = (id) => document.getElementById(id);
const seedOfPage = document.body.dataset.seed;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

async function post(path, fields) {
  const response = await fetch(path, {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(fields).toString(),
  });
  if (!response.ok) throw new Error((await response.text()).trim());
  return response.json();
}

function duration(us) {
  if (!us) return "·";
  if (us < 1000) return `${us} µs`;
  if (us < 1e6) return `${(us / 1000).toFixed(1)} ms`;
  return `${(us / 1e6).toFixed(1)} s`;
}
const seconds = (ms) => `${(ms / 1000).toFixed(3)} s`;
const times = (count) => (count === 0 ? "not yet" : count === 1 ? "once" : `${count} times`);
const setText = (node, text) => { if (node.textContent !== text) node.textContent = text; };

// The address holds seed and switches, so that it can be sent to somebody.
function remember(change) {
  const url = new URL(location.href);
  change(url.searchParams);
  history.replaceState(null, "", url);
}

// What is new.

function stepItems(steps) {
  return steps.map(({ at_ms, what }) => element("li", {}, element("time", {}, seconds(at_ms)), what));
}

function showRow(row) {
  const item = byId(`row-${row.id}`);
  const verdict = row.broken > 0 ? "broken" : row.checked > 0 ? "holds" : "open";
  const changed = item.dataset.verdict !== verdict;
  item.dataset.verdict = verdict;
  setText(item.querySelector(".verdict"),
    verdict === "broken" ? `broken ${times(row.broken)} in ${row.checked}`
      : verdict === "holds" ? `holds · checked ${times(row.checked)}` : "not checked yet");
  if (changed) item.querySelector(".steps").replaceChildren(...stepItems(row.steps));
}

function show(now) {
  for (const place of now.places) {
    const item = byId(`place-${place.name}`);
    setText(item.querySelector("[data-last]"), duration(place.last_us));
    setText(item.querySelector("[data-note]"), place.note);
    item.dataset.state = place.switch;
    const select = item.querySelector("select");
    if (document.activeElement !== select) select.value = place.switch;
  }
  now.board.rows.forEach(showRow);
  const seen = byId("sometimes").children;
  now.board.sometimes.forEach((row, number) => setText(seen[number].querySelector(".verdict"), times(row.seen)));
  const off = now.places.filter((place) => place.switch !== "ok").map((place) => `${place.name}: ${place.switch}`);
  const broken = now.board.rows.filter((row) => row.broken > 0).map((row) => row.says);
  const state = byId("state");
  state.toggleAttribute("data-bad", broken.length > 0 || off.length > 0);
  setText(state, broken.length > 0 ? `Broken: ${broken.join("; ")}.`
    : off.length > 0 ? `${off.join(", ")}. Every promise holds.` : "All well.");
  if (now.point && now.at_ms - lastPoint >= 950) {
    lastPoint = now.at_ms;
    points.push(now.point);
    if (points.length > 240) points.shift();
    draw();
  }
}

let points = [];
let lastPoint = 0;

// Switches.

for (const form of document.querySelectorAll(".place form")) {
  const select = form.querySelector("select");
  select.addEventListener("change", async () => {
    const place = form.querySelector("[name=place]").value;
    try {
      await post("/stage/switch", { place, to: select.value });
      remember((query) => (select.value === "ok" ? query.delete(place) : query.set(place, select.value)));
    } catch (error) {
      setText(byId("state"), error.message);
    }
  });
}

// Do something.

function showTrace(spans) {
  const trace = byId("trace");
  if (spans.length === 0) return;
  const start = Math.min(...spans.map((span) => span.start_us));
  const end = Math.max(...spans.map((span) => span.start_us + span.took_us), start + 1);
  // Forty alike are one line.
  const lines = [];
  for (const span of spans) {
    const last = lines.at(-1);
    const alike = last && last.place === span.place && last.depth === span.depth && last.later === span.later
      && last.name.replace(/\d+/g, "") === span.name.replace(/\d+/g, "");
    if (alike && spans.length > 14) {
      last.count += 1;
      last.took_us = Math.max(last.took_us, span.start_us + span.took_us - last.start_us);
    } else lines.push({ ...span, count: 1 });
  }
  const hues = { edge: "edge", api: "process", cache: "cache", authority: "authority", stream: "worker", workers: "worker", view: "view" };
  trace.replaceChildren(...lines.map((line) => {
    const x = (100 * (line.start_us - start)) / (end - start);
    const width = Math.max((100 * line.took_us) / (end - start), 0.6);
    const bar = svg("svg", { class: "bar", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { x: Math.min(x, 99.4), y: 0, width, height: 6 }));
    const name = `${"\u00a0\u00a0".repeat(Math.min(line.depth, 6))}${line.place}: ${line.name}${line.count > 1 ? ` ×${line.count}` : ""}`;
    return element("div", { class: `hop ${hues[line.place]}${line.later ? " later" : ""}` },
      element("span", { class: "name" }, name), bar,
      element("span", { class: "took" }, duration(Math.max(line.took_us, 1))),
      element("span", { class: "note" }, line.note));
  }));
}

const ENDS = {
  Done: "Done.",
  Refused: "Refused: the answer says why.",
  Failed: "Not done, and the answer is sure of it.",
  Unknown: "Nobody knows whether it was done. The browser may ask again with the same key.",
};

byId("do").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.submitter;
  const form = new FormData(event.target);
  button.setAttribute("aria-busy", "true");
  const answer = byId("answer");
  try {
    const done = await post("/stage/do", { what: button.value, learner: form.get("learner"), lesson: form.get("lesson") });
    const head = done.answer ? `${done.answer.status} · ${done.answer.bytes} bytes` : "no answer";
    const tries = done.attempts > 1 ? `, ${done.attempts} attempts` : "";
    answer.replaceChildren(
      element("p", {}, element("strong", {}, `${button.textContent}: ${head}`), ` · ${duration(done.took_us)}${tries}. ${ENDS[done.end]}`));
    if (done.answer) {
      answer.append(element("pre", { tabindex: "0", role: "region", "aria-label": "The answer" },
        `${done.answer.headers.join("\n")}\n\n${done.answer.body}`));
    }
    showTrace(done.spans);
    setText(byId("trace-says"), `Trace ${done.trace}`);
    // What happens after the answer arrives in its own time.
    for (const wait of [400, 1200, 3000]) {
      setTimeout(async () => {
        if (byId("trace-says").textContent !== `Trace ${done.trace}`) return;
        showTrace(await (await fetch(`/stage/trace/${done.trace}`)).json());
      }, wait);
    }
  } catch (error) {
    answer.replaceChildren(element("p", {}, error.message));
  } finally {
    button.removeAttribute("aria-busy");
  }
});

// Load.

const CHARTS = [
  ["Goodput", "good", (value) => `${value}/s`, ""],
  ["p50", "p50_ms", (value) => `${value.toFixed(1)} ms`, ""],
  ["p99", "p99_ms", (value) => `${value.toFixed(1)} ms`, ""],
  ["Cache hits", "hits_percent", (value) => `${value.toFixed(0)} %`, "cache"],
  ["Backlog", "backlog", (value) => `${value} events`, "worker"],
  ["Lag", "lag_ms", (value) => `${(value / 1000).toFixed(1)} s`, "worker"],
];

const charts = CHARTS.map(([title, field, says, hue]) => {
  const value = element("span", {}, "·");
  const path = svg("path", { d: "" });
  const drawing = svg("svg", { viewBox: "0 0 240 60", preserveAspectRatio: "none", "aria-hidden": "true" }, path);
  byId("charts").append(element("figure", { class: `chart ${hue}` },
    element("figcaption", {}, element("span", {}, title), value), drawing));
  return { field, says, value, path };
});

function draw() {
  for (const { field, says, value, path } of charts) {
    const values = points.map((point) => point[field]);
    const most = Math.max(...values, field === "hits_percent" ? 100 : 1);
    const from = 240 - values.length;
    path.setAttribute("d", values.map((v, i) => `${i ? "L" : "M"}${from + i} ${(58 - (56 * v) / most).toFixed(1)}`).join(""));
    const latest = says(values.at(-1) ?? 0);
    setText(value, `${latest} (most ${says(Math.max(...values, 0))})`);
  }
}

const loadForm = byId("load");
async function setLoad() {
  const rate = byId("rate").value;
  const seed = loadForm.seed.value;
  await post("/stage/load", { rate, seed });
  remember((query) => {
    if (rate === "0") query.delete("load"); else query.set("load", rate);
    query.set("seed", seed);
  });
}
byId("rate").addEventListener("input", () => setText(byId("rate-says"), byId("rate").value));
byId("rate").addEventListener("change", setLoad);
loadForm.addEventListener("submit", (event) => { event.preventDefault(); setLoad(); });

// Scenarios.

function showReport(box, report, guess) {
  const right = Number(box.dataset.right);
  const parts = [];
  if (guess !== undefined) {
    parts.push(element("p", {}, element("strong", {}, guess === right ? "As you predicted. " : "Otherwise than you predicted. "), report.verdict));
  } else parts.push(element("p", {}, report.verdict));
  for (const run of report.runs) {
    parts.push(element("h3", {}, run.title));
    parts.push(element("ul", {}, ...run.figures.map((line) => element("li", {}, line))));
    for (const row of run.broken) {
      parts.push(element("p", {}, element("strong", {}, `Broken: ${row.says}`)), element("ol", { class: "steps" }, ...stepItems(row.steps)));
    }
    if (run.broken.length === 0) parts.push(element("p", {}, `Every promise holds, ${run.checked} checks.`));
    const tape = element("details", {}, element("summary", {}, `The ${run.tape.length} latest of its events (fingerprint ${run.fingerprint})`),
      element("div", { class: "tape", tabindex: "0", role: "region", "aria-label": `Events: ${run.title}` }, element("ol", {}, ...stepItems(run.tape))));
    parts.push(tape);
  }
  box.querySelector(".report").replaceChildren(...parts);
}

for (const box of document.querySelectorAll("[data-scenario]")) {
  const button = box.querySelector("[data-run]");
  button.addEventListener("click", async () => {
    button.setAttribute("aria-busy", "true");
    const name = box.dataset.scenario;
    const query = new URL(location.href).searchParams;
    const seed = (query.get("scenario") === name && query.get("seed")) || "1";
    const chosen = box.querySelector("input:checked");
    try {
      const report = await post(`/stage/scenario/${name}`, { seed });
      showReport(box, report, chosen ? Number(chosen.value) : undefined);
      remember((params) => { params.set("scenario", name); params.set("seed", seed); });
    } catch (error) {
      box.querySelector(".report").replaceChildren(element("p", {}, error.message));
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
}

// A link to a box or a scenario opens it.
function unfold() {
  const target = location.hash && document.querySelector(location.hash);
  if (target instanceof HTMLDetailsElement) target.open = true;
}
addEventListener("hashchange", unfold);
unfold();
const wanted = new URL(location.href).searchParams.get("scenario");
if (wanted && /^[a-z-]+$/.test(wanted)) {
  const box = byId(`scenario-${wanted}`);
  if (box) { box.open = true; }
}

byId("tape-fold").addEventListener("toggle", async (event) => {
  if (!event.target.open) return;
  const { tape } = await (await fetch("/stage/state")).json();
  byId("tape").replaceChildren(...stepItems(tape.reverse()));
});

// Live, from here on.
(async () => {
  const state = await (await fetch("/stage/state")).json();
  points = state.points;
  lastPoint = state.at_ms;
  show(state);
  draw();
  const news = new EventSource("/stage/events");
  news.onmessage = (event) => show(JSON.parse(event.data));
  news.onerror = () => {
    const said = byId("state");
    said.setAttribute("data-bad", "");
    setText(said, "The platform has stopped, or cannot be reached.");
  };
})();
