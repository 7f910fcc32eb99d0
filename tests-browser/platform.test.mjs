// The platform's page, in a real browser, over the real platform.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { violations } from "./lib/axe.mjs";
import { ROOT } from "./lib/book.mjs";
import { startBrowser } from "./lib/browser.mjs";

const COMPRESSED_LIMIT = 110_000;
const LOOKS = {
  light: { width: 1280, height: 900, colorScheme: "light" },
  dark: { width: 1280, height: 900, colorScheme: "dark" },
  narrow: { width: 390, height: 844, colorScheme: "light" },
};

/** The platform on a port that the system picks; `{ origin, stop }`. */
async function startPlatform() {
  const folder = await mkdtemp(path.join(os.tmpdir(), "platform-"));
  const args = ["--folder", folder, "--port", "0"];
  const [file, given] = process.env.PLATFORM
    ? [path.resolve(process.env.PLATFORM), args]
    : ["cargo", ["run", "--quiet", "--package", "platform-solution", "--bin", "platform", "--", ...args]];
  const child = spawn(file, given, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  const origin = await new Promise((resolve, reject) => {
    let said = "";
    child.stdout.on("data", (text) => {
      said += text;
      const address = said.match(/http:\/\/127\.0\.0\.1:\d+/);
      if (address) resolve(address[0]);
    });
    child.once("exit", (code) => reject(new Error(`the platform ended with ${code}: ${said}`)));
  });
  const stop = async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGINT");
    assert.equal(await ended, 0, "Ctrl-C ends it cleanly");
    await rm(folder, { recursive: true, force: true });
  };
  return { origin, stop };
}

const platform = await startPlatform();
const browser = await startBrowser();
after(async () => {
  await browser.close();
  await platform.stop();
});

async function open(look = LOOKS.light, query = "") {
  const visit = await browser.open({ origin: platform.origin, ...look });
  // The page is never idle, because it listens. So it is ready when it has received something.
  await visit.page.goto(`${platform.origin}/${query}`, { waitUntil: "domcontentloaded" });
  await visit.page.waitForFunction(() => document.querySelector("#row-view").dataset.verdict !== "open");
  return visit;
}

const turn = (page, place, to) => page.selectOption(`#place-${place} select`, to);
const says = (page, text) => page.waitForFunction((wanted) => document.querySelector("#state").textContent.includes(wanted), text);
const complete = async (page, lesson) => {
  await page.fill("#do [name=lesson]", String(lesson));
  const before = await page.textContent("#answer");
  await page.click("text=Complete the lesson");
  await page.waitForFunction((old) => document.querySelector("#answer").textContent !== old
    && document.querySelector("#do [aria-busy]") === null, before);
  return page.textContent("#answer");
};

describe("the platform's page", { concurrency: false }, () => {
  const STATES = { "all well": [], "the cache stopped": ["cache"], "the workers stopped": ["workers"], "the authority stopped": ["authority"] };
  for (const [state, stopped] of Object.entries(STATES)) {
    for (const [name, look] of Object.entries(LOOKS)) {
      test(`breaks no accessibility rule, requests nothing from another host and fits: ${state}, ${name}`, async () => {
        const visit = await open(look);
        for (const place of stopped) await turn(visit.page, place, "stopped");
        await says(visit.page, stopped.length ? `${stopped[0]}: stopped` : "All well");
        await visit.page.click("text=Complete the lesson");
        await visit.page.waitForSelector("#answer strong", { timeout: 15_000 });
        await visit.page.evaluate(() => document.querySelectorAll("details").forEach((fold) => { fold.open = true; }));
        await visit.page.waitForTimeout(300);
        const found = await violations(visit.page);
        assert.deepEqual(found.map(({ id, target, why }) => `${id} at ${target}: ${why}`), []);
        const [inner, outer] = await visit.page.evaluate(() => [document.scrollingElement.scrollWidth, document.documentElement.clientWidth]);
        assert.ok(inner <= outer, `it scrolls sideways: ${inner} in ${outer}`);
        assert.deepEqual(visit.notes, { errors: [], strangers: [] });
        for (const place of stopped) await turn(visit.page, place, "ok");
        await says(visit.page, "All well");
        await visit.close();
      });
    }
  }

  test("weighs little, with everything that it loads", async (t) => {
    let weight = 0;
    for (const file of ["/", "/stage/page.css", "/stage/page.js", "/stage/state"]) {
      const response = await fetch(platform.origin + file);
      assert.equal(response.status, 200);
      weight += gzipSync(Buffer.from(await response.arrayBuffer())).length;
    }
    t.diagnostic(`${weight} bytes compressed`);
    assert.ok(weight <= COMPRESSED_LIMIT, `${weight} bytes`);
  });

  test("a lesson that is completed shows its hops, and later its effects", async () => {
    const { page, close } = await open();
    assert.match(await complete(page, 11), /200/);
    await page.waitForFunction(() => document.querySelectorAll("#trace .later").length >= 4);
    const hops = await page.textContent("#trace");
    for (const hop of ["edge", "api", "cache", "authority", "stream", "workers", "view"]) assert.ok(hops.includes(`${hop}:`), `${hop} is missing in ${hops}`);
    await close();
  });

  test("nothing is decided while the authority is stopped, and what was decided before is still there afterwards", async () => {
    const { page, close } = await open();
    assert.match(await complete(page, 12), /200/);
    await turn(page, "authority", "stopped");
    await says(page, "authority: stopped");
    assert.match(await complete(page, 12), /503/);
    await turn(page, "authority", "ok");
    await says(page, "All well");
    assert.match(await complete(page, 12), /"version":2/);
    await page.waitForFunction(() => !document.querySelector("#state").hasAttribute("data-bad"));
    await close();
  });

  test("commands answer while the workers are stopped, and the backlog is worked off after", async () => {
    const { page, close } = await open();
    await turn(page, "workers", "stopped");
    await says(page, "workers: stopped");
    assert.match(await complete(page, 13), /200/);
    await turn(page, "workers", "ok");
    await page.waitForFunction(() => document.querySelector("#place-workers [data-note]").textContent === "0 queued");
    await close();
  });

  test("switches can be turned by keyboard, and are in the address", async () => {
    const { page, close } = await open();
    await page.focus("#place-cache select");
    await page.keyboard.press("ArrowDown");
    await page.waitForFunction(() => location.search.includes("cache=slow"));
    const again = await open(LOOKS.light, new URL(page.url()).search);
    assert.equal(await again.page.inputValue("#place-cache select"), "slow");
    await turn(again.page, "cache", "ok");
    await again.close();
    await close();
  });

  test("a scenario's address leads to it, and to the same events each time", async () => {
    const { page, close } = await open(LOOKS.light, "?scenario=reply-lost&seed=5#scenario-reply-lost");
    const run = async () => {
      await page.click("#scenario-reply-lost [data-run]");
      await page.waitForFunction(() => {
        const box = document.querySelector("#scenario-reply-lost");
        return box.querySelector("[aria-busy]") === null && box.querySelector("summary ~ .report h3") !== null;
      }, null, { timeout: 120_000 });
      return (await page.textContent("#scenario-reply-lost .report")).match(/fingerprint ([0-9a-f]+)/g).join();
    };
    assert.equal(await run(), await run());
    await close();
  });

  test("load is drawn as it arrives", async () => {
    const { page, close } = await open();
    await page.fill("#rate", "20");
    await page.dispatchEvent("#rate", "change");
    await page.waitForFunction(() => /[1-9]\d*\/s/.test(document.querySelector("#charts figcaption").textContent), null, { timeout: 15_000 });
    await page.fill("#rate", "0");
    await page.dispatchEvent("#rate", "change");
    await close();
  });

  test("an hour of news leaves the page as large as it was", async (t) => {
    const visit = await browser.open({ origin: platform.origin, ...LOOKS.light });
    // The test sends the news itself, so an hour of it takes a moment.
    await visit.page.addInitScript(() => { window.EventSource = class { constructor() { window.news = this; } }; });
    await visit.page.goto(`${platform.origin}/`, { waitUntil: "domcontentloaded" });
    await visit.page.waitForFunction(() => window.news?.onmessage);
    const hear = (messages) => visit.page.evaluate(async (count) => {
      const point = { good: 20, p50_ms: 1.5, p99_ms: 9.5, hits_percent: 80, backlog: 3, lag_ms: 200 };
      const state = { ...await (await fetch("/stage/state")).json(), ...window.heard, points: undefined, tape: undefined };
      for (let message = 0; message < count; message += 1) {
        state.at_ms += 500;
        state.point = { ...point, good: message % 40, backlog: message % 7 };
        for (const row of state.board.rows) {
          row.checked += 3;
          // A promise breaks once, and its story is shown from then on.
          if (message === 100) Object.assign(row, { broken: 1, steps: [{ at_ms: 1, what: "said" }, { at_ms: 2, what: "read" }] });
        }
        for (const row of state.board.sometimes) row.seen += 1;
        window.news.onmessage({ data: JSON.stringify(state) });
      }
      window.heard = { at_ms: state.at_ms, board: state.board };
    }, messages);
    const tools = await visit.page.context().newCDPSession(visit.page);
    const size = async () => {
      await tools.send("HeapProfiler.collectGarbage");
      const { nodes, jsEventListeners } = await tools.send("Memory.getDOMCounters");
      return { nodes, listeners: jsEventListeners, bytes: (await tools.send("Runtime.getHeapUsage")).usedSize };
    };
    // Until the charts are full it grows, as it should.
    await hear(600);
    const before = await size();
    await hear(7200);
    const later = await size();
    t.diagnostic(`${JSON.stringify(before)}, an hour later ${JSON.stringify(later)}`);
    const charts = await visit.page.evaluate(() => [...document.querySelectorAll(".chart path")].map((path) => path.getAttribute("d").split(/[ML]/).length - 1));
    assert.deepEqual(charts, charts.map(() => 240), "the charts hold their last 240 points");
    assert.ok(later.nodes <= before.nodes + 20, `${later.nodes} nodes, ${before.nodes} before`);
    assert.ok(later.listeners <= before.listeners, `${later.listeners} listeners, ${before.listeners} before`);
    assert.ok(later.bytes <= before.bytes + 300_000, `${later.bytes} bytes of script, ${before.bytes} before`);
    assert.deepEqual(visit.notes, { errors: [], strangers: [] });
    await visit.close();
  });
});
