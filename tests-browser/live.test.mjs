// A page that follows `cargo course`: first with events that the test sends, so that every state can be
// reached; then with the real server, from a save to its mark.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFile, cp } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, afterEach, describe, test } from "node:test";
import { bookFolder, copyRepository, courseCommand, ROOT } from "./lib/book.mjs";
import { startBrowser } from "./lib/browser.mjs";
import { serve } from "./lib/server.mjs";

const CHAPTER = "scope/measure.html";
const FOLDED = "main details:not(.hc-after)";
// Compiling a lab with its dependencies for the first time takes minutes on a small machine.
const FIRST_GRADE_MS = 15 * 60_000;

const browser = await startBrowser();
after(() => browser.close());

describe("a page that cargo course serves", () => {
  const closing = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  const lab = (verdict, holds, message = "") => ({
    verdict,
    message,
    holds: holds.filter(Boolean).length,
    of: holds.length,
    invariants: holds.map((held, index) => ({ id: `M${index + 1}`, text: "…", holds: held, tests: [] })),
    stages: [{ module: "frames", title: "Frames", holds: holds.every(Boolean), passed: holds.filter(Boolean).length, of: holds.length }],
    core: holds.every(Boolean),
  });
  const DONE = "Core done: every stage holds";
  const open = (passed, of) => `Stage 1 of 1 · Frames: ${passed} of ${of} hold`;

  /** The chapter on a server whose state and events the test decides. */
  async function follow(first, chapter = CHAPTER) {
    let state = first;
    const streams = new Set();
    const site = await serve(await bookFolder(), {
      change: (page) => page.replace("</main>", '<script type="application/json" id="course-live">{"events":"/course/events","state":"/course/state.json"}</script></main>'),
      routes: {
        "/course/state.json": (request, response) => {
          response.writeHead(200, { "content-type": "application/json" });
          response.end(JSON.stringify(state));
        },
        "/course/events": (request, response) => {
          response.writeHead(200, { "content-type": "text/event-stream" });
          response.write(": welcome\n\n");
          streams.add(response);
          request.on("close", () => streams.delete(response));
        },
      },
    });
    closing.push(site.close);
    const opened = await browser.open({ origin: site.origin });
    closing.push(opened.close);
    await opened.page.goto(`${site.origin}/${chapter}`);
    await opened.page.locator(".hc-live").waitFor({ state: "attached" });
    const send = (name, next = state) => {
      state = next;
      for (const stream of streams) stream.write(`event: ${name}\ndata: 1\n\n`);
    };
    const tally = (text) => opened.page.locator(".hc-tally", { hasText: text }).waitFor();
    return { ...opened, send, tally, stop: site.close, connected: () => streams.size };
  }

  test("needs one stream for however many tabs", async () => {
    // A browser opens six connections to a host. With a stream in each tab the seventh page would never
    // load.
    const { page, send, connected } = await follow({ labs: { measure: lab("graded", [true, false, false]) } });
    const tabs = [page];
    for (let more = 0; more < 7; more += 1) {
      const tab = await page.context().newPage();
      await tab.goto(page.url(), { timeout: 20_000 });
      tabs.push(tab);
    }
    assert.equal(connected(), 1);
    send("state", { labs: { measure: lab("graded", [true, true, true]) } });
    for (const tab of tabs) await tab.locator(".hc-tally", { hasText: `${DONE}.` }).waitFor();
    await page.close();
    await tabs[1].waitForTimeout(300);
    assert.equal(connected(), 1, "another tab takes the stream over");
    send("state", { labs: { measure: lab("graded", [true, false, true]) } });
    for (const tab of tabs.slice(1)) await tab.locator(".hc-tally", { hasText: `${open(2, 3)}.` }).waitFor();
  });

  test("marks each invariant, and changes marks without losing the reader's place", async () => {
    const { page, send, tally, notes } = await follow({ labs: { measure: lab("graded", [true, false, false]) } });
    await tally(`${open(1, 3)}.`);
    const mark = page.locator('.hc-invariant[data-invariant="M2"]');
    assert.equal(await mark.getAttribute("data-holds"), "false");
    assert.match(await mark.textContent(), /does not hold/);
    await page.locator("course-predict input").first().fill("half a thou");
    await page.locator(FOLDED).first().locator("summary").first().click();
    await page.evaluate(() => scrollTo({ top: 3000, behavior: "instant" }));
    const top = await page.evaluate(() => scrollY);
    send("state", { labs: { measure: lab("grading", [true, false, false]) } });
    await tally("Grading");
    assert.equal(await mark.getAttribute("data-holds"), "false", "the last grade's marks were lost while grading");
    send("state", { labs: { measure: lab("graded", [true, true, true]) } });
    await tally(`${DONE}.`);
    assert.equal(await mark.getAttribute("data-holds"), "true");
    assert.equal(await page.evaluate(() => scrollY), top);
    assert.equal(await page.locator("course-predict input").first().inputValue(), "half a thou");
    assert.deepEqual(notes, { errors: [], strangers: [] });
  });

  test("says that code does not compile, and shows no stale mark", async () => {
    const { page, send, tally } = await follow({ labs: { measure: lab("graded", [true]) } });
    await tally(`${DONE}.`);
    send("state", { labs: { measure: { ...lab("does-not-compile", [], "cannot find value `x`"), of: 1 } } });
    await tally("Your code does not compile: cannot find value `x`");
    assert.equal(await page.locator(".hc-invariant[data-holds]").count(), 0);
    send("state", { labs: { measure: { ...lab("timed-out", [], "a loop"), of: 1 } } });
    await tally("The tests did not come to an end: a loop");
  });

  test("keeps the marks of the last build while code does not compile, and names the line", async () => {
    const { page, send, tally } = await follow({ labs: { measure: lab("graded", [true, false]) } });
    await tally(`${open(1, 2)}.`);
    const broken = { ...lab("does-not-compile", [true, false], "cannot find value `x` (01-measure/src/frame.rs:3)"), stale: true };
    send("state", { labs: { measure: broken } });
    await tally("Your code does not compile: cannot find value `x` (01-measure/src/frame.rs:3). The marks are as of the last build.");
    assert.equal(await page.locator('.hc-invariant[data-invariant="M1"]').getAttribute("data-holds"), "true");
    assert.equal(await page.locator("course-invariants[data-stale]").count(), 1);
    await page.locator(".hc-live[data-trouble]", { hasText: "frame.rs:3" }).waitFor();
    send("state", { labs: { measure: lab("graded", [true, false]) } });
    await tally(new RegExp(`^${open(1, 2)}\\.$`));
    assert.equal(await page.locator("course-invariants[data-stale], .hc-live[data-trouble]").count(), 0);
  });

  test("says under a failed stage what failed, where, and the usual cause", async () => {
    const red = lab("graded", [true, false]);
    const place = { file: "exercises/01-measure/tests/core/frame.rs", line: 12 };
    const core = { target: "core", module: "frames", passed: false };
    red.invariants[1].tests = [
      { ...core, name: "later", order: 9, outcome: "failed", message: "second" },
      { ...core, name: "first_to_fail", order: 2, outcome: "failed", message: "twice four\n  left: 5", place, usual: [{ wrong: "wraps around.", tempts: "it is short." }] },
      { ...core, name: "waits", order: 1, outcome: "not-built", message: "not yet implemented: Build it." },
    ];
    const { page, send, tally, notes } = await follow({ labs: { measure: red } });
    await tally(`${open(1, 2)}.`);
    const why = page.locator('.hc-stage[data-stage="frames"] .hc-why');
    const text = await why.innerText();
    for (const said of ["first_to_fail twice four left: 5 at exercises/01-measure/tests/core/frame.rs:12", "Usual cause: wraps around.", "Why it tempts: it is short.", "and 2 more"]) {
      assert.ok(text.includes(said), `${text}\nlacks: ${said}`);
    }
    send("state", { labs: { measure: lab("graded", [true, true]) } });
    await tally(`${DONE}.`);
    assert.equal(await why.count(), 0);
    assert.deepEqual(notes, { errors: [], strangers: [] });
  });

  test("shows a lab's state on every page, links to it, and marks the table of contents", async () => {
    const standing = (name, mark, chapter) => ({ name, mark, chapter, stands: "…", graded_at: null, changed: [], left_out: false });
    const way = { labs: [standing("measure", "open", "scope/measure.md"), standing("cache", "core", "roles/cache.md")], next: null };
    const { page, send } = await follow({ labs: { measure: { ...lab("graded", [true, false]), graded_at: 2 } }, way }, "scope/index.html");
    const line = page.locator(".hc-live a", { hasText: `measure: ${open(1, 2)}.` });
    await line.waitFor();
    assert.equal(new URL(await line.evaluate((a) => a.href)).pathname + new URL(await line.evaluate((a) => a.href)).hash, "/scope/measure.html#invariant-scope-measure-M2");
    const beside = (page_) => page.locator(`#mdbook-sidebar a[href$="${page_}"]`).first();
    assert.match(await beside("scope/measure.html").textContent(), /◐, begun$/);
    assert.match(await beside("roles/cache.html").textContent(), /✓, core done$/);
    send("state", { labs: { measure: lab("graded", [true, true]) }, way: { ...way, labs: [standing("measure", "holds", "scope/measure.md")] } });
    await page.locator("#mdbook-sidebar a", { hasText: "✓, holds" }).waitFor();
    await line.waitFor({ state: "detached" });
    await page.locator(".hc-live a", { hasText: `${DONE}.` }).click();
    await page.waitForURL(/scope\/measure\.html#invariant-scope-measure-M1$/);
  });

  test("comes back to the same place and the same words after a rebuild", async () => {
    const { page, send, tally } = await follow({ labs: { measure: lab("graded", [false]) } });
    await tally("0 of 1 hold");
    await page.locator(FOLDED).first().locator("summary").first().click();
    await page.locator("course-predict input").first().fill("half a thou");
    await page.locator(".hc-question input").nth(1).check();
    await page.evaluate(() => { scrollTo({ top: 3000, behavior: "instant" }); globalThis.before = true; });
    const top = await page.evaluate(() => scrollY);
    send("reload");
    await page.waitForFunction(() => globalThis.before === undefined && document.querySelector(".hc-live"));
    assert.equal(await page.evaluate(() => scrollY), top);
    assert.equal(await page.locator(FOLDED).first().getAttribute("open"), "");
    assert.equal(await page.locator("course-predict input").first().inputValue(), "half a thou");
    assert.equal(await page.locator(".hc-question input").nth(1).isChecked(), true);
  });

  test("says that a grade is from last time, until it is made again", async () => {
    const before = { ...lab("graded", [true, false]), from_last_time: true, graded_at: 1_795_404_600 };
    const { send, tally } = await follow({ labs: { measure: before } });
    await tally(`${open(1, 2)}, as graded on 23 November 2026; nothing has changed since.`);
    send("state", { labs: { measure: lab("graded", [true, true]) } });
    await tally(new RegExp(`^${DONE}\\.$`));
  });

  test("shows the way: what passes, what was predicted, and the one next step", async () => {
    const standing = (name, mark, stands) => ({ name, mark, stands, graded_at: null, changed: [], left_out: false });
    const next = { lab: "measure", sentence: "Go on with lab 1", command: "cargo course check measure", page: "scope/measure.md#frames" };
    const labs = [standing("measure", "open", "1 of 8 invariants hold"), standing("authority", "fresh", "not begun"), standing("gone", "fresh", "…")];
    const { page, send, notes } = await follow({ labs: { measure: lab("graded", [true, false]) }, way: { labs, next } }, "way.html");
    const row = (name) => page.locator(`course-way tr[data-lab="${name}"]`);
    await row("measure").locator(".hc-stands", { hasText: "1 of 8 invariants hold" }).waitFor();
    assert.match(await row("measure").locator(".hc-mark").textContent(), /open:/);
    assert.equal(await row("authority").locator(".hc-stands").textContent(), "not begun");
    assert.equal(await page.locator(".hc-next").textContent(), "Next: Go on with lab 1: cargo course check measure. Read it here.");
    assert.equal(await page.locator(".hc-next a").getAttribute("href"), "scope/measure.html#frames");
    assert.match(await row("measure").locator(".hc-predicted").textContent(), /^\d+ to predict$/);

    send("state", { labs: { measure: lab("grading", [true, false]) }, way: { labs, next } });
    await row("measure").locator(".hc-stands", { hasText: "being graded" }).waitFor();
    const done = { lab: null, sentence: "Every lab that you took on holds", command: null, page: null };
    send("state", { labs: { measure: lab("graded", [true, true]) }, way: { labs: [standing("measure", "holds", "all 8 invariants hold")], next: done } });
    await page.locator(".hc-next", { hasText: /^Next: Every lab that you took on holds\.$/ }).waitFor();
    assert.match(await row("measure").locator(".hc-mark").textContent(), /holds:/);

    // A prediction that was made on the chapter's page is counted here.
    const key = (await row("measure").locator(".hc-predicted").getAttribute("data-predictions")).split(" ")[0];
    await page.evaluate((name) => localStorage.setItem(`hybrid-by-design:predict:${name}`, '{"value":3}'), key);
    await page.reload();
    await row("measure").locator(".hc-predicted", { hasText: /^1 of \d+ predicted$/ }).waitFor();
    assert.deepEqual(notes, { errors: [], strangers: [] });
  });

  test("says so when the book did not build, and when the server is gone", async () => {
    const { page, send, stop } = await follow({ labs: {}, book: { ok: true } });
    send("state", { labs: {}, book: { ok: false, message: "scope/index.md:3: no such quiz" } });
    await page.locator(".hc-live", { hasText: "scope/index.md:3: no such quiz" }).waitFor();
    send("state", { labs: {}, book: { ok: true } });
    await page.locator(".hc-live").waitFor({ state: "hidden" });
    await stop();
    await page.locator(".hc-live", { hasText: "does not answer" }).waitFor();
  });
});

describe("a page without a server", () => {
  test("opens no stream, and shows no status", async () => {
    const site = await serve(await bookFolder());
    const { page, close, notes } = await browser.open({ origin: site.origin });
    await page.goto(`${site.origin}/${CHAPTER}`, { waitUntil: "networkidle" });
    assert.equal(await page.locator(".hc-live").count(), 0);
    assert.deepEqual(notes, { errors: [], strangers: [] });
    await close();
    await site.close();
  });
});

describe("cargo course serve", () => {
  test("grades what the reader saved, and the chapter shows it", { timeout: 2 * FIRST_GRADE_MS }, async () => {
    const clone = await copyRepository();
    const { file, args } = courseCommand("serve", "--no-open", "--port", "0");
    // Its labs are built in a folder that stays, so that their dependencies are compiled once. It is not
    // our own target folder: a lab of the clone would be mistaken for the one here. Without COURSE,
    // cargo builds the tool as well.
    const env = { ...process.env, CARGO_TARGET_DIR: path.join(ROOT, "target/live") };
    const server = spawn(file, args, { cwd: clone.root, env, stdio: ["ignore", "pipe", "pipe"] });
    const said = [];
    const ended = new Promise((resolve) => server.once("exit", resolve));
    try {
      const origin = await new Promise((resolve, reject) => {
        for (const stream of [server.stdout, server.stderr]) {
          createInterface({ input: stream }).on("line", (line) => {
            said.push(line);
            const address = /http:\/\/127\.0\.0\.1:\d+/.exec(line);
            if (address) resolve(address[0]);
          });
        }
        server.once("error", reject);
        server.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${said.join("\n")}`)));
      });
      const { page, close, notes } = await browser.open({ origin });
      await page.goto(`${origin}/${CHAPTER}`);
      const tally = page.locator(".hc-tally");
      // An untouched lab is not graded: any save begins it.
      await appendFile(path.join(clone.root, "exercises/01-measure/src/lib.rs"), "\n// begun\n");
      await tally.filter({ hasText: /^Stage 1 of \d+ · .*: 0 of \d+ hold\.$/ }).waitFor({ timeout: FIRST_GRADE_MS });
      const marks = page.locator(".hc-invariant");
      assert.equal(await page.locator('.hc-invariant[data-holds="false"]').count(), await marks.count());
      await page.locator("course-predict input").first().fill("still here");
      await cp(path.join(ROOT, "solutions/01-measure/src"), path.join(clone.root, "exercises/01-measure/src"), { recursive: true });
      await tally.filter({ hasText: /^Core done: every stage holds\.$/ }).waitFor({ timeout: FIRST_GRADE_MS });
      assert.equal(await page.locator('.hc-invariant[data-holds="true"]').count(), await marks.count());
      assert.equal(await page.locator("course-predict input").first().inputValue(), "still here");
      assert.deepEqual(notes, { errors: [], strangers: [] });
      await close();
    } finally {
      server.kill("SIGINT");
      await ended;
      await clone.remove();
    }
  });
});
