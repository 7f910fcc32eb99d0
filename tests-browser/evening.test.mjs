// The first evening: guesses marked on the ladder, and pieces of work to place.
import assert from "node:assert/strict";
import { after, afterEach, describe, test } from "node:test";
import { bookFolder } from "./lib/book.mjs";
import { startBrowser } from "./lib/browser.mjs";
import { serve } from "./lib/server.mjs";

const MEASURE = "evening/measure.html";
const PLACE = "evening/place.html";
const book = await bookFolder();
const site = await serve(book);
const browser = await startBrowser();
const visits = [];
afterEach(async () => {
  await Promise.all(visits.splice(0).map((visit) => visit.close()));
});
after(async () => {
  await browser.close();
  await site.close();
});

async function visit(name, options = {}) {
  const opened = await browser.open({ origin: site.origin, ...options });
  visits.push(opened);
  await opened.page.goto(`${site.origin}/${name}`);
  return opened.page;
}

describe("the first screen", () => {
  test("of the measuring asks for a prediction", async () => {
    const page = await visit(MEASURE);
    const { y, height } = await page.locator("course-predict").first().boundingBox();
    assert.ok(y + height < 900, `the first prediction ends at ${y + height}`);
  });

  test("of the introduction says what an evening gives, and starts it", async () => {
    const page = await visit("introduction.html");
    const { y } = await page.locator('main a[href="evening/measure.html"]').first().boundingBox();
    assert.ok(y < 900, `the evening starts at ${y}`);
  });
});

describe("the ladder", () => {
  const unfold = (page) => page.evaluate(() => { for (const fold of document.querySelectorAll("main details")) fold.open = true; });
  const guess = (page) => page.locator('course-ladder .hc-guess[data-guess="evening/measure:synced"]');
  const at = async (page) => Number(/translate\(([\d.]+)/.exec(await guess(page).getAttribute("transform"))[1]);

  test("gets a mark for each guess, where it belongs, and loses it again", async () => {
    const page = await visit(MEASURE);
    await unfold(page);
    assert.equal(await guess(page).getAttribute("visibility"), "hidden");
    const asked = page.locator('course-predict[data-id="synced"]');
    await asked.locator("input").fill("1");
    await page.keyboard.press("Enter");
    assert.equal(await guess(page).getAttribute("visibility"), "visible");
    const tick = Number(await page.locator("course-ladder svg text", { hasText: /^1 µs$/ }).getAttribute("x"));
    assert.ok(Math.abs((await at(page)) - tick) < 0.2, "1 µs lies elsewhere");
    assert.match(await page.locator(".hc-guesses").textContent(), /until the disk has it: you guessed 1 µs/);
    assert.match(await page.locator('td[data-guess="evening/measure:synced"]').textContent(), /^1 µs$/);
    await asked.getByRole("button", { name: "Predict again" }).click();
    assert.equal(await guess(page).getAttribute("visibility"), "hidden");
    assert.match(await page.locator('td[data-guess="evening/measure:synced"]').textContent(), /none yet/);
  });

  test("keeps a guess that is far off on the line", async () => {
    const page = await visit(MEASURE);
    const asked = page.locator('course-predict[data-id="synced"]');
    await asked.locator("input").fill("1e12");
    await page.keyboard.press("Enter");
    assert.equal(await at(page), Number(await guess(page).getAttribute("data-to")));
  });

  test("has its figures in a table, without scripts too", async () => {
    const page = await visit(MEASURE, { javaScriptEnabled: false });
    for (const summary of await page.locator("main details:has(course-ladder) > summary, course-ladder summary").all()) await summary.click();
    assert.match(await page.locator(".hc-rungs").textContent(), /A function call.*ns/);
    assert.equal(await page.locator(".hc-guesses").isVisible(), false);
  });
});

describe("a piece of work", () => {
  async function piece(page, index = 0) {
    const item = page.locator(".hc-piece").nth(index);
    const answer = page.locator(".hc-answer").nth(index);
    const [scope, pressure] = await Promise.all(["data-scope", "data-pressure"].map(async (name) => Number(await answer.getAttribute(name))));
    const choose = (part, value) => item.locator(`input[name="${part}"][value="${value}"]`).check();
    const check = () => item.getByRole("button", { name: "Check" }).click();
    return { item, answer, scope, pressure, choose, check, feedback: item.locator(".hc-feedback") };
  }
  const placed = (page) => page.locator("course-place .hc-status").last().textContent();

  test("that is put too far says why that tempts; the right scope asks for its reason; both are explained", async () => {
    const page = await visit(PLACE);
    const { answer, scope, pressure, choose, check, feedback } = await piece(page);
    const wrong = scope + 1;
    await check();
    assert.match(await feedback.textContent(), /Choose where/);
    await choose("scope", wrong);
    await check();
    assert.match(await feedback.textContent(), /what decides/);
    await choose("pressure", pressure);
    await check();
    const tempts = await answer.locator(`li[data-scope="${wrong}"] > span`).textContent();
    assert.equal(await feedback.textContent(), `Further than it has to be.${tempts}`);
    await choose("scope", scope);
    assert.equal(await feedback.textContent(), "", "the old verdict stays next to a new choice");
    await choose("pressure", 0);
    await check();
    assert.match(await feedback.textContent(), /another reason.*load is a demand/);
    await choose("pressure", pressure);
    await check();
    assert.ok((await feedback.textContent()).includes((await answer.locator(".hc-reason").textContent()).trim()));
    assert.equal(await placed(page), "1 of 6 placed");
  });

  test("works by keyboard alone, and the arrow keys stay in it", async () => {
    const page = await visit(PLACE);
    const { item, scope, pressure, feedback } = await piece(page);
    for (const [part, value] of [["scope", scope], ["pressure", pressure]]) {
      await item.locator(`input[name="${part}"]`).first().focus();
      await page.keyboard.press("Space");
      for (let step = 0; step < value; step += 1) await page.keyboard.press("ArrowRight");
    }
    await page.keyboard.press("Enter");
    assert.equal(await feedback.getAttribute("data-verdict"), "right");
    assert.ok(page.url().endsWith(PLACE), "an arrow key turned the page");
  });

  test("is remembered over a reload, until started over", async () => {
    const page = await visit(PLACE);
    const { scope, pressure, choose, check, feedback } = await piece(page, 2);
    await choose("scope", scope);
    await choose("pressure", pressure);
    await check();
    await page.reload();
    assert.equal(await feedback.getAttribute("data-verdict"), "right");
    await page.getByRole("button", { name: "Start over" }).click();
    await page.reload();
    assert.equal(await page.locator("course-place input:checked").count(), 0);
    assert.equal(await placed(page), "0 of 6 placed");
  });

  test("can be read and looked up without scripts, and on paper", async () => {
    const page = await visit(PLACE, { javaScriptEnabled: false });
    assert.equal(await page.locator(".hc-piece .hc-more").first().isVisible(), true);
    assert.equal(await page.locator(".hc-placed .hc-reason").first().isVisible(), false, "the answers are not folded");
    assert.equal(await page.locator("main button").count(), 0);
    await page.locator(".hc-placed > summary").click();
    assert.equal(await page.locator(".hc-placed .hc-reason").first().isVisible(), true);
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator(".hc-placed .hc-reason").last().isVisible(), true);
  });

  test("has each of its answers, and each reason once", async () => {
    const page = await visit(PLACE);
    const [answers, tempting, scopes] = await page.evaluate(() => [
      [...document.querySelectorAll(".hc-answer")].map(({ dataset }) => dataset.pressure),
      [...document.querySelectorAll(".hc-answer")].map((answer) => answer.querySelectorAll("li").length),
      document.querySelector(".hc-piece").querySelectorAll('input[name="scope"]').length,
    ]);
    assert.equal(new Set(answers).size, 6, "each pressure decides one piece, and one needs none");
    assert.deepEqual(tempting, answers.map(() => scopes - 1));
  });
});
