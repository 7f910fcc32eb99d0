// What the reader can do in the book: by mouse, by keyboard, remembered, without scripts, on paper.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, afterEach, describe, test } from "node:test";
import { bookFolder, buildBook, copyRepository } from "./lib/book.mjs";
import { startBrowser } from "./lib/browser.mjs";
import { serve } from "./lib/server.mjs";

const CHAPTER = "scope/measure.html";
const MISTAKES = "scope/measure-mistakes.html";
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

/** Opens a page of the book in a browser context of its own, which the test's end closes. */
async function visit(name = CHAPTER, { origin = site.origin, before, ...options } = {}) {
  const opened = await browser.open({ origin, ...options });
  visits.push(opened);
  if (before) await opened.page.addInitScript(before);
  await opened.page.goto(`${origin}/${name}`);
  return opened.page;
}

/** The first question of the chapter, with one right and one wrong option. */
async function firstQuestion(page) {
  const item = page.locator(".hc-question").first();
  const right = Number(await item.locator(".hc-why[data-right]").getAttribute("data-option"));
  const wrong = right === 0 ? 1 : 0;
  const reason = (option) => item.locator(`.hc-answers .hc-why[data-option="${option}"] .hc-reason`).textContent();
  return { item, right, wrong, reason, feedback: item.locator(".hc-feedback"), answers: item.locator(".hc-answers") };
}

const numbers = (page) => page.locator('course-predict[data-kind="number"]').first();
const calculator = (page) => page.locator("course-calculator");
const result = (page, name) => calculator(page).locator(`output[name="${name}"]`).textContent();

describe("the quiz", () => {
  test("explains a wrong choice, and then takes another", async () => {
    const page = await visit();
    const { item, right, wrong, reason, feedback, answers } = await firstQuestion(page);
    assert.equal(await answers.isVisible(), false, "the answers are shown before the reader chose");
    await item.locator("label").nth(wrong).click();
    await item.getByRole("button", { name: "Check" }).click();
    assert.ok((await feedback.textContent()).includes(await reason(wrong)), "the wrong choice is not explained");
    assert.ok(!(await feedback.textContent()).includes(await reason(right)), "the right answer was given away");
    assert.equal(await answers.isVisible(), true);
    await item.locator("label").nth(right).click();
    assert.equal(await feedback.textContent(), "", "the old verdict stays next to a new choice");
    await item.getByRole("button", { name: "Check" }).click();
    assert.ok((await feedback.textContent()).includes(await reason(right)));
    assert.match(await page.locator("course-quiz .hc-status").last().textContent(), /^1 of \d+ answered right$/);
  });

  test("works by keyboard alone, and the arrow keys stay in it", async () => {
    const page = await visit();
    const { item, feedback, reason } = await firstQuestion(page);
    await item.locator("input").first().focus();
    await page.keyboard.press("Space");
    await page.keyboard.press("ArrowRight");
    assert.equal(await item.locator("input").nth(1).isChecked(), true, "the arrow key did not move the choice");
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowRight");
    assert.ok(page.url().endsWith(CHAPTER), "an arrow key on the button turned the page");
    await page.keyboard.press("Enter");
    assert.ok((await feedback.textContent()).includes(await reason(1)));
  });

  test("asks for a choice before it checks, and announces all of it to screen readers", async () => {
    const page = await visit();
    const { item, feedback } = await firstQuestion(page);
    assert.equal(await feedback.getAttribute("role"), "status");
    await item.getByRole("button", { name: "Check" }).click();
    assert.match(await feedback.textContent(), /Choose an answer first/);
  });

  test("remembers over a reload, and forgets when told to start over", async () => {
    const page = await visit();
    const { item, right, feedback } = await firstQuestion(page);
    await item.locator("label").nth(right).click();
    await item.getByRole("button", { name: "Check" }).click();
    await page.reload();
    assert.equal(await item.locator("input").nth(right).isChecked(), true);
    assert.equal(await feedback.getAttribute("data-verdict"), "right");
    await page.getByRole("button", { name: "Start over" }).click();
    await page.reload();
    assert.equal(await item.locator("input:checked").count(), 0);
    assert.equal(await feedback.textContent(), "");
  });

  test("folds its explanations away when it starts over", async () => {
    const page = await visit();
    const { item, wrong, answers } = await firstQuestion(page);
    await item.locator("label").nth(wrong).click();
    await item.getByRole("button", { name: "Check" }).click();
    await answers.locator("summary").click();
    await page.getByRole("button", { name: "Show all explanations" }).click();
    await page.getByRole("button", { name: "Start over" }).click();
    assert.equal(await page.locator("course-quiz .hc-answers[open]").count(), 0);
    await page.getByRole("button", { name: "Show all explanations" }).waitFor();
    await item.locator("label").nth(wrong).click();
    await item.getByRole("button", { name: "Check" }).click();
    assert.equal(await answers.locator(".hc-reason").first().isVisible(), false, "the next wrong choice gives the answer away");
  });

  test("shows all explanations on demand", async () => {
    const page = await visit();
    const reasons = page.locator("course-quiz .hc-answers .hc-reason");
    assert.equal(await reasons.filter({ visible: true }).count(), 0);
    await page.getByRole("button", { name: "Show all explanations" }).click();
    assert.equal(await reasons.filter({ visible: true }).count(), await reasons.count());
  });
});

describe("a prediction", () => {
  test("has to be committed before anything measured is shown", async () => {
    const page = await visit();
    const widget = numbers(page);
    const after = widget.locator(".hc-after");
    assert.equal(await after.isVisible(), false);
    await widget.locator("input").fill("no idea");
    await widget.getByRole("button", { name: "Commit" }).click();
    assert.equal(await after.isVisible(), false, "something that is not a number was accepted as a prediction");
    assert.match(await widget.locator(".hc-status").textContent(), /Write a number/);
    await widget.locator("input").fill("1,234");
    await page.keyboard.press("Enter");
    assert.equal(await after.isVisible(), true);
    assert.match(await widget.locator(".hc-compare").textContent(), /You predicted1,234/);
  });

  for (const [written, shown] of [
    ["~100", "100 µs"], ["5 µs", "5 µs"], ["5 us", "5 µs"], ["2 ms", "2,000 µs"], ["1e-9 s", "0.001 µs"],
    ["1e-9", "0.000000001 µs"], ["0,5", "0.5 µs"], ["≈ 1.5k µs", "1,500 µs"],
  ]) {
    test(`of a time takes ${written} for ${shown}`, async () => {
      const page = await visit("evening/measure.html");
      const widget = page.locator('course-predict[data-id="synced"]');
      await widget.locator("input").fill(written);
      await page.keyboard.press("Enter");
      assert.equal(await widget.locator(".hc-compare dd").first().textContent(), shown);
    });
  }

  test("of what cannot be a number says why, and what to write", async () => {
    const page = await visit("evening/measure.html");
    const said = async (id, written) => {
      const widget = page.locator(`course-predict[data-id="${id}"]`);
      await widget.locator("input").fill(written);
      await page.keyboard.press("Enter");
      assert.equal(await widget.locator("input").getAttribute("aria-invalid"), "true");
      return widget.locator(".hc-status").textContent();
    };
    assert.match(await said("call", "5 µs"), /how many function calls, and not how long.*12, 3\.5k or 1e6/);
    assert.match(await said("synced", "5-10"), /more than one number/);
    assert.match(await said("synced", "3 parsecs"), /“parsecs” is not known/);
    assert.match(await said("synced", "0"), /above zero/);
    assert.match(await said("synced", "a lot"), /no number/);
  });

  test("and a change of mind show in a second tab", async () => {
    const page = await visit("evening/measure.html");
    const second = await page.context().newPage();
    await second.goto(page.url());
    const [here, there] = [page, second].map((tab) => tab.locator('course-predict[data-id="call"]'));
    await here.locator("input").fill("900");
    await here.getByRole("button", { name: "Commit" }).click();
    await there.locator(".hc-compare").waitFor();
    assert.match(await there.locator(".hc-compare").textContent(), /You predicted900 function calls/);
    await here.getByRole("button", { name: "Predict again" }).click();
    await there.locator(".hc-compare").waitFor({ state: "detached" });
    assert.equal(await there.getByRole("button", { name: "Commit" }).isVisible(), true);
  });

  test("is remembered, on its own page and next to the figures", async () => {
    const page = await visit();
    const widget = numbers(page);
    const key = `${await widget.getAttribute("data-page")}:${await widget.getAttribute("data-id")}`;
    await widget.locator("input").fill("12.5k");
    await page.keyboard.press("Enter");
    await page.reload();
    assert.match(await widget.locator(".hc-compare").textContent(), /You predicted12,500/);
    assert.equal(await page.evaluate((name) => localStorage.getItem(`hybrid-by-design:predict:${name}`), key), '{"value":12500}');
    await page.goto(`${site.origin}/numbers.html`);
    const cells = page.locator(`td.hc-prediction[data-predictions="${key}"]`);
    assert.ok((await cells.count()) > 0);
    for (const text of await cells.allTextContents()) assert.match(text, /12,500/);
  });

  test("can be made again, and the figures fold away until then", async () => {
    const page = await visit();
    const widget = numbers(page);
    await widget.locator("input").fill("3");
    await page.keyboard.press("Enter");
    await widget.getByRole("button", { name: "Predict again" }).click();
    assert.equal(await widget.locator(".hc-after").isVisible(), false);
    assert.equal(await widget.locator("input").evaluate((input) => input === document.activeElement), true, "the focus was lost");
  });

  test("of a choice works by keyboard", async () => {
    const page = await visit();
    const widget = page.locator('course-predict[data-kind="choice"]').first();
    await widget.locator("input").first().focus();
    await page.keyboard.press("Space");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    assert.equal(await widget.locator(".hc-after").isVisible(), true);
    const chosen = (await widget.locator("label").nth(1).textContent()).trim();
    assert.ok((await widget.locator(".hc-compare").textContent()).includes(chosen));
  });
});

describe("the calculator", () => {
  const fill = async (page, values) => {
    for (const [name, value] of Object.entries(values)) await calculator(page).locator(`input[name="${name}"]`).fill(String(value));
  };

  test("compares crossings, work and waiting", async () => {
    const page = await visit();
    await fill(page, { items: 100, batch: 10, crossing_us: 500, item_us: 1, rate: 1000 });
    assert.equal(await result(page, "crossings"), "10");
    assert.equal(await result(page, "total"), "5.1 ms");
    assert.equal(await result(page, "alone"), "50.1 ms");
    assert.equal(await result(page, "ratio"), "9.82 ×");
    assert.equal(await result(page, "share"), "98 %");
    assert.equal(await result(page, "wait"), "9 ms");
  });

  test("rounds a last, unfilled batch up to a whole crossing", async () => {
    const page = await visit();
    await fill(page, { items: 101, batch: 100 });
    assert.equal(await result(page, "crossings"), "2");
  });

  test("says when a figure cannot be used, and shows no result then", async () => {
    const page = await visit();
    await fill(page, { batch: 0 });
    assert.equal(await calculator(page).locator('input[name="batch"]').getAttribute("aria-invalid"), "true");
    assert.equal(await result(page, "total"), "–");
  });

  test("works by keyboard, takes a preset, and remembers both", async () => {
    const page = await visit();
    await calculator(page).locator('input[name="batch"]').focus();
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type("20");
    await page.keyboard.press("ArrowUp");
    const preset = calculator(page).locator("select");
    await preset.selectOption({ index: (await preset.locator("option").count()) - 1 });
    const value = await preset.inputValue();
    assert.equal(await calculator(page).locator('input[name="crossing_us"]').inputValue(), value);
    await page.reload();
    assert.equal(await calculator(page).locator('input[name="batch"]').inputValue(), "21");
    assert.equal(await preset.inputValue(), value);
    assert.equal(await calculator(page).locator('input[name="crossing_us"]').inputValue(), value);
  });
});

describe("a sequence of events in steps", () => {
  const STEPPED = "roles/cache.html";
  const first = (page) => page.locator("course-steps").first();
  const shown = (page) => first(page).locator(".hc-step").filter({ visible: true }).locator(".hc-says").allTextContents();

  test("shows one picture, and the next by its button", async () => {
    const page = await visit(STEPPED);
    const all = await first(page).locator(".hc-step").count();
    assert.ok(all > 1);
    assert.match((await shown(page)).join(), /^1\./);
    await first(page).getByRole("button", { name: "Next" }).click();
    assert.match((await shown(page)).join(), /^2\./);
    assert.equal((await shown(page)).length, 1);
    assert.ok((await first(page).locator(".hc-status").textContent()).startsWith(`2 of ${all}`));
    await first(page).getByRole("button", { name: "Back" }).click();
    await first(page).getByRole("button", { name: "Back" }).click({ force: true });
    assert.match((await shown(page)).join(), /^1\./);
  });

  test("goes by the arrow keys inside, stops at the last, and turns no page", async () => {
    const page = await visit(STEPPED);
    const all = await first(page).locator(".hc-step").count();
    await first(page).getByRole("button", { name: "Next" }).focus();
    for (let step = 0; step <= all; step += 1) await page.keyboard.press("ArrowRight");
    assert.match((await shown(page)).join(), new RegExp(`^${all}\\.`));
    assert.equal(await first(page).getByRole("button", { name: "Next" }).getAttribute("aria-disabled"), "true");
    await page.keyboard.press("ArrowLeft");
    assert.match((await shown(page)).join(), new RegExp(`^${all - 1}\\.`));
    assert.ok(page.url().endsWith(STEPPED), "an arrow key inside turned the page");
  });

  test("stands there whole without scripts, and on paper", async () => {
    const plain = await visit(STEPPED, { javaScriptEnabled: false });
    const all = await first(plain).locator(".hc-step").count();
    assert.equal((await shown(plain)).length, all);
    const printed = await visit(STEPPED);
    await printed.emulateMedia({ media: "print" });
    assert.equal((await shown(printed)).length, all);
    assert.equal(await printed.locator("course-steps button").filter({ visible: true }).count(), 0);
  });
});

describe("the keyboard", () => {
  test("turns pages with the arrow keys outside widgets only", async () => {
    const page = await visit();
    const next = await page.locator(".nav-chapters.next").getAttribute("href");
    await numbers(page).getByRole("button", { name: "Commit" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.locator("main details > summary").first().focus();
    await page.keyboard.press("ArrowLeft");
    assert.ok(page.url().endsWith(CHAPTER), "an arrow key inside a widget turned the page");
    await page.evaluate(() => document.activeElement.blur());
    await Promise.all([page.waitForURL(new URL(next, page.url()).href), page.keyboard.press("ArrowRight")]);
  });

  test("reaches the text in one step, and opens the table of contents", async () => {
    const page = await visit(CHAPTER, { width: 390, height: 844 });
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the text");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.id), "mdbook-sidebar-toggle");
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("#mdbook-sidebar-toggle").getAttribute("aria-expanded"), "true");
    await page.locator("#mdbook-sidebar a.active").waitFor({ state: "visible" });
  });

  test("scrolls wide code sideways, and does not turn the page with it", async () => {
    const page = await visit(CHAPTER, { width: 390, height: 844 });
    const code = page.locator('pre > code[tabindex="0"]').first();
    await code.focus();
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction((element) => element.scrollLeft > 0, await code.elementHandle());
    assert.ok(page.url().endsWith(CHAPTER));
  });

  test("always shows where it is", async () => {
    const page = await visit();
    await page.keyboard.press("Tab");
    for (let step = 0; step < 40; step += 1) {
      await page.keyboard.press("Tab");
      const focus = await page.evaluate(() => {
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
        return { seen: outlineStyle !== "none" && parseFloat(outlineWidth) >= 1, what: document.activeElement.outerHTML.slice(0, 90) };
      });
      assert.ok(focus.seen, `no outline on ${focus.what}`);
    }
  });
});

describe("the search", () => {
  for (const [how, open] of [
    ["its button", (page) => page.locator("#mdbook-search-toggle").click()],
    ["the key /", (page) => page.keyboard.press("/")],
  ]) {
    test(`opened by ${how}, finds a term of the glossary`, async () => {
      const page = await visit("introduction.html");
      assert.equal(await page.evaluate(() => typeof globalThis.elasticlunr), "undefined", "the search weighs on a page that did not ask for it");
      await open(page);
      await page.locator("#mdbook-searchbar").waitFor({ state: "visible" });
      await page.waitForFunction(() => document.activeElement.id === "mdbook-searchbar");
      await page.keyboard.type("idempotency key");
      const found = page.locator('#mdbook-searchresults a[href*="glossary"]').first();
      await found.waitFor();
      await found.click();
      await page.waitForURL(/glossary\.html/);
      await page.locator("mark").first().waitFor();
    });
  }

  test("ranks chapters above the glossary, and that above mistakes", async () => {
    for (const words of ["deadline", "single-flight", "idempotency key"]) {
      const page = await visit(`introduction.html?search=${words}`);
      await page.locator("#mdbook-searchresults li").first().waitFor();
      const found = await page.locator("#mdbook-searchresults a").evaluateAll((links) => links.map((link) => link.pathname));
      const kinds = found.map((name) => (/-mistakes\./.test(name) ? 2 : /\/(?:glossary|bibliography|numbers)\./.test(name) ? 1 : 0));
      assert.deepEqual([...new Set(kinds)], [0, 1, 2], `${words}: all three kinds, in this order`);
      assert.deepEqual(kinds, [...kinds].sort(), words);
      assert.ok(kinds.length <= 30);
    }
  });

  test("is there after a reload that carries the words", async () => {
    const page = await visit("introduction.html?search=authority");
    await page.locator("#mdbook-searchresults li").first().waitFor();
  });
});

describe("without", () => {
  test("scripts, every question, figure and answer can be read", async () => {
    const page = await visit(CHAPTER, { javaScriptEnabled: false });
    const quiz = page.locator(".hc-question").first();
    assert.equal(await quiz.locator(".hc-prompt").isVisible(), true);
    await quiz.locator("summary").click();
    assert.equal(await quiz.locator(".hc-reason").first().isVisible(), true);
    await numbers(page).locator("summary").click();
    assert.equal(await numbers(page).locator(".hc-after .hc-reason").isVisible(), true);
    assert.equal(await calculator(page).locator("table").isVisible(), true);
    assert.equal(await calculator(page).locator("form").isVisible(), false, "a calculator that cannot calculate is shown");
    assert.equal(await page.locator(".hc-invariant .hc-text").first().isVisible(), true);
    assert.equal(await page.locator("main button").count(), 0);
    await page.getByText("Contents", { exact: true }).click();
    const contents = page.frameLocator(".sidebar-iframe-outer").locator("a").first();
    await contents.waitFor({ state: "visible" });
  });

  test("storage, the widgets work and nothing is logged", async () => {
    const opened = await browser.open({ origin: site.origin });
    visits.push(opened);
    await opened.page.addInitScript(() => {
      for (const name of ["localStorage", "sessionStorage"]) {
        Object.defineProperty(globalThis, name, { get() { throw new DOMException("refused", "SecurityError"); } });
      }
    });
    const { page } = opened;
    await page.goto(`${site.origin}/introduction.html`);
    const bookNeedsStorage = opened.notes.errors.length; // mdBook's toc.js asks sessionStorage unguarded
    await page.goto(`${site.origin}/${CHAPTER}`);
    await numbers(page).locator("input").fill("7");
    await page.keyboard.press("Enter");
    assert.match(await numbers(page).locator(".hc-compare").textContent(), /You predicted7/);
    await calculator(page).locator('input[name="batch"]').fill("5");
    assert.equal(await result(page, "crossings"), "20");
    assert.equal(opened.notes.errors.length, 2 * bookNeedsStorage, `of ours: ${opened.notes.errors}`);
  });

  test("motion, for readers who asked for none", async () => {
    const page = await visit(CHAPTER, { reducedMotion: "reduce" });
    const slow = await page.evaluate(() => [...document.querySelectorAll("*")]
      .filter((element) => parseFloat(getComputedStyle(element).transitionDuration) > 0.01 || parseFloat(getComputedStyle(element).animationDuration) > 0.01)
      .map((element) => element.outerHTML.slice(0, 60)));
    assert.deepEqual(slow, []);
  });
});

describe("on paper", () => {
  test("everything is unfolded, nothing asks for a click, and dark stays off the page", async () => {
    const page = await visit(CHAPTER, { theme: "navy" });
    await page.emulateMedia({ media: "print" });
    const unseen = await page.evaluate(() => [...document.querySelectorAll("main details:not(.hc-answers, .hc-after)")]
      .filter((fold) => [...fold.children].some((child) => child.tagName !== "SCRIPT" && !child.checkVisibility()))
      .map((fold) => fold.outerHTML.slice(0, 100)));
    assert.deepEqual(unseen, []);
    assert.ok((await page.locator("main details").count()) > 10);
    assert.equal(await page.locator("button").filter({ visible: true }).count(), 0);
    const [ink, paper] = await page.evaluate(() => [getComputedStyle(document.querySelector("main p")).color, getComputedStyle(document.body).backgroundColor]);
    assert.equal(ink, "rgb(17, 17, 17)");
    assert.equal(paper, "rgb(255, 255, 255)");
  });

  test("the answers stand after the questions, and are gone again afterwards", async () => {
    const page = await visit(CHAPTER);
    await page.emulateMedia({ media: "print" });
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    const [questions, under, after] = await page.evaluate(() => [
      document.querySelectorAll(".hc-question, course-predict").length,
      [...document.querySelectorAll(".hc-question > .hc-answers, course-predict > .hc-after")].filter((answer) => answer.checkVisibility()).length,
      document.querySelectorAll("main > .hc-key-answers:last-child :is(.hc-answers, .hc-after)").length,
    ]);
    assert.ok(questions > 2);
    assert.equal(under, 0);
    assert.equal(after, questions);
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    assert.equal(await page.locator(".hc-key-answers").count(), 0);
  });

  test("unfolds for browsers that do not know the style sheet's way, and folds again", async () => {
    const page = await visit();
    const open = () => page.locator("main details[open]").count();
    const earlier = await open();
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    assert.equal(await open(), await page.locator("main details").count());
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    assert.equal(await open(), earlier);
  });
});

describe("charts", () => {
  const CHARTED = "roles/cache.html";
  const texts = (page) => page.locator(".hc-reading").filter({ visible: true }).count();

  test("and what is read off them wait for the page's last prediction", async () => {
    const page = await visit(CHARTED);
    assert.ok((await page.locator(".hc-spoiler").count()) > 0, "no chart waits for predictions here");
    assert.equal(await page.locator(".hc-spoiler[open]").count(), 0);
    assert.equal(await texts(page), 0);
    for (const prediction of await page.locator("course-predict").all()) {
      const number = prediction.locator("input[name=value]");
      if (await number.count()) await number.fill("12");
      else await prediction.locator("input[type=radio]").first().check();
      await prediction.getByRole("button", { name: "Commit" }).click();
    }
    assert.equal(await page.locator(".hc-spoiler:not([open])").count(), 0);
    assert.ok((await texts(page)) > 0);
  });
});

describe("links", () => {
  test("at a page's end say where they lead", async () => {
    const page = await visit(CHAPTER);
    const next = page.locator(".hc-turn [rel=next]");
    assert.ok((await next.textContent()).replace("Next", "").trim().length > 5);
    const title = (await next.innerText()).split("\n").pop();
    await next.click();
    assert.ok((await page.title()).includes(title), `${title} leads to ${await page.title()}`);
  });

  test("next to a section's heading lead to the invariants that it proves", async () => {
    const page = await visit(CHAPTER);
    const links = await page.locator(".hc-proves a").evaluateAll((all) => all.map((link) => link.hash));
    assert.ok(links.length > 3);
    for (const hash of links) assert.equal(await page.locator(hash).count(), 1, hash);
  });

  test("to something folded unfold it", async () => {
    const page = await visit(MISTAKES);
    const id = await page.locator("details.hc-mistake").last().getAttribute("id");
    await page.evaluate((name) => { location.hash = name; }, id);
    await page.locator(`#${id}[open]`).waitFor();
  });
});

describe("after a measurement", () => {
  test("the reader's figures are in the book, next to prediction and reference", async () => {
    const clone = await copyRepository();
    try {
      const ladder = JSON.parse(await readFile(path.join(import.meta.dirname, "fixtures/ladder.json"), "utf8"));
      const measured = await serve(await buildBook(clone.root, ladder));
      try {
        const page = await visit(CHAPTER, { origin: measured.origin });
        // 6,543 ns over 1.3 ns: the fixture's own ratio, which no reference has.
        const widget = page.locator('course-predict[data-id="tcp-vs-fn"]');
        await widget.locator("input").fill("500");
        await page.keyboard.press("Enter");
        assert.match(await widget.locator(".hc-compare").textContent(), /Your machine5,0\d\d/);
        assert.match(await widget.locator(".hc-status").textContent(), /^Too low by a factor of 10\.\d against your own figure/);
        assert.match(await calculator(page).locator("option").first().textContent(), /yours \(6\.5/);
        await page.goto(`${measured.origin}/numbers.html`);
        const row = page.locator('tr[data-rung="tcp-loopback"]').first();
        assert.match(await row.textContent(), /6\.5\d? ?µs/);
        assert.match(await row.textContent(), /98\.8? ?µs|99 µs/);
        assert.match(await page.locator("course-numbers").first().textContent(), /Fixture CPU/);
      } finally {
        await measured.close();
      }
    } finally {
      await clone.remove();
    }
  });
});
