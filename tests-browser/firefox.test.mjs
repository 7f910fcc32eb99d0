// What must be true of every page in the other family of browsers, driven by WebDriver BiDi.
//
// Chromium's tests check everything in every theme and width. Here each page is opened once: the two
// differ in the CSS and scripts that they support, and a page that breaks in one breaks visibly.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import puppeteer from "puppeteer-core";
import { violations } from "./lib/axe.mjs";
import { bookFolder, pagesOf } from "./lib/book.mjs";
import { serve } from "./lib/server.mjs";

const CANDIDATES = [process.env.FIREFOX, "/usr/bin/firefox-esr", "/usr/bin/firefox"];
const executablePath = CANDIDATES.find((candidate) => candidate && existsSync(candidate));
const book = await bookFolder();
const pages = await pagesOf(book);

describe("in Firefox", { skip: executablePath ? false : "there is no Firefox: install it, or name it in FIREFOX" }, () => {
  let site;
  let browser;
  before(async () => {
    site = await serve(book);
    browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true, defaultViewport: { width: 1280, height: 900 } });
  });
  after(async () => {
    await browser?.close();
    await site?.close();
  });

  for (const name of pages) {
    test(`${name} logs no error, requests nothing from another host, and breaks no accessibility rule`, async () => {
      const page = await browser.newPage();
      const wrong = [];
      page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
      page.on("pageerror", (error) => wrong.push(String(error)));
      page.on("request", (request) => {
        const url = request.url();
        if (!url.startsWith(site.origin) && !/^(?:data|blob):/.test(url)) wrong.push(`asks ${url}`);
      });
      try {
        await page.goto(`${site.origin}/${name}`, { waitUntil: "load" });
        await page.evaluate(() => document.querySelectorAll("details").forEach((fold) => { fold.open = true; }));
        const found = await violations(page);
        assert.deepEqual([...wrong, ...found.map(({ id, target, why }) => `${id} at ${target}: ${why}`)], []);
      } finally {
        await page.close();
      }
    });
  }

  test("a quiz and a figure in steps work", async () => {
    const page = await browser.newPage();
    try {
      await page.goto(`${site.origin}/roles/cache.html`, { waitUntil: "load" });
      await page.click("course-quiz .hc-question .hc-option input");
      await page.click("course-quiz .hc-question button");
      assert.ok(await page.$eval("course-quiz .hc-feedback", (feedback) => feedback.textContent.length > 20));
      await page.click("course-steps .hc-first");
      const says = await page.$eval("course-steps .hc-step[data-now] .hc-says", (step) => step.textContent);
      assert.match(says, /^2\./);
    } finally {
      await page.close();
    }
  });

  test("a guess is marked on the ladder, and a piece of work can be placed", async () => {
    const page = await browser.newPage();
    try {
      await page.goto(`${site.origin}/evening/measure.html`, { waitUntil: "load" });
      await page.type('course-predict[data-id="synced"] input', "2000");
      await page.click('course-predict[data-id="synced"] button[type="submit"]');
      const mark = '.hc-guess[data-guess="evening/measure:synced"]';
      assert.equal(await page.$eval(mark, (guess) => guess.getAttribute("visibility")), "visible");
      await page.goto(`${site.origin}/evening/place.html`, { waitUntil: "load" });
      await page.click('.hc-piece input[name="scope"][value="0"]');
      await page.click('.hc-piece input[name="pressure"][value="0"]');
      await page.click(".hc-piece button");
      assert.ok(await page.$eval(".hc-piece .hc-feedback", (feedback) => feedback.dataset.verdict && feedback.textContent.length > 40));
    } finally {
      await page.close();
    }
  });
});
