// What must be true of every page, in every theme and width.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { violations } from "./lib/axe.mjs";
import { bookFolder, pagesOf } from "./lib/book.mjs";
import { MODES, startBrowser } from "./lib/browser.mjs";
import { serve } from "./lib/server.mjs";

const RAW_LIMIT = 350_000;
const COMPRESSED_LIMIT = 110_000;

const book = await bookFolder();
const pages = await pagesOf(book);
const site = await serve(book);
const browser = await startBrowser();
after(async () => {
  await browser.close();
  await site.close();
});

test("the table of contents names pages", () => {
  assert.ok(pages.length >= 5, `found only ${pages}`);
  assert.ok(pages.includes("scope/measure.html"));
});

// Two pages at a time, each in its own browser process; the tests of one page run in order.
describe("every page", { concurrency: 2 }, () => {
  for (const name of pages) {
    describe(name, { concurrency: false }, () => {
      for (const [mode, look] of Object.entries(MODES)) {
        describe(mode, () => {
          let visit;
          before(async () => {
            visit = await browser.open({ origin: site.origin, ...look });
            await visit.page.goto(`${site.origin}/${name}`, { waitUntil: "networkidle" });
          });
          after(() => visit.close());

          test("logs no error, and requests nothing from another host", () => {
            assert.deepEqual(visit.notes, { errors: [], strangers: [] });
          });

          test("breaks no accessibility rule", async () => {
            const found = await violations(visit.page);
            assert.deepEqual(found.map(({ id, target, why }) => `${id} at ${target}: ${why}`), []);
          });

          test("breaks none with everything unfolded either", async () => {
            await visit.page.evaluate(() => document.querySelectorAll("details").forEach((fold) => { fold.open = true; }));
            const found = await violations(visit.page);
            assert.deepEqual(found.map(({ id, target, why }) => `${id} at ${target}: ${why}`), []);
          });

          test("never makes the page scroll sideways", async () => {
            // mdBook clips what sticks out, so the scroll width alone would not show it.
            const wide = await visit.page.evaluate(() => {
              const limit = document.documentElement.clientWidth;
              const content = document.querySelector("#mdbook-content");
              const out = [...content.querySelectorAll("main *")].filter((element) => {
                const { width, right } = element.getBoundingClientRect();
                if (width === 0 || right <= limit + 1 || getComputedStyle(element).clipPath !== "none") return false;
                for (let above = element; above !== content; above = above.parentElement) {
                  if (/auto|scroll|hidden/.test(getComputedStyle(above).overflowX)) return false;
                }
                return true;
              }).map((element) => `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""}`);
              const sideways = [document.scrollingElement, content]
                .filter((element) => element.scrollWidth > element.clientWidth + 1)
                .map((element) => `${element.id || element.tagName} scrolls ${element.scrollWidth} in ${element.clientWidth}`);
              return [...out.slice(0, 5), ...sideways];
            });
            assert.deepEqual(wide, []);
          });
        });
      }

      test("shows no figure's text below 11 px on the smallest screen", async () => {
        const { page, close } = await browser.open({ origin: site.origin, width: 320, height: 640 });
        await page.goto(`${site.origin}/${name}`);
        const small = await page.evaluate(() => [...document.querySelectorAll("main svg text")]
          .filter((text) => text.checkVisibility())
          .map((text) => [text.textContent, parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().d])
          .filter(([, pixels]) => pixels < 10.95));
        await close();
        assert.deepEqual(small, []);
      });

      test("keeps its prose to a readable measure", async () => {
        const { page, close } = await browser.open({ origin: site.origin, width: 1440 });
        await page.goto(`${site.origin}/${name}`);
        // Letters in the longest line of each paragraph, by its width in average letters of the text itself.
        const widest = await page.evaluate(() => Math.max(0, ...[...document.querySelectorAll("main > p")].map((paragraph) => {
          const range = document.createRange();
          range.selectNodeContents(paragraph);
          const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top / 12))).size;
          return lines > 4 ? paragraph.textContent.length / (lines - 0.5) : 0;
        })));
        await close();
        assert.ok(widest < 80, `${Math.round(widest)} characters a line`);
      });

      test(`weighs at most ${RAW_LIMIT / 1000} KB, and ${COMPRESSED_LIMIT / 1000} KB compressed, with everything that it loads`, async (t) => {
        const { page, close } = await browser.open({ origin: site.origin });
        const loaded = [];
        page.on("response", (response) => loaded.push(response));
        await page.goto(`${site.origin}/${name}`, { waitUntil: "networkidle" });
        const bodies = await Promise.all(loaded.map(async (response) => [response.url().slice(site.origin.length), await response.body()]));
        await close();
        const sum = (size) => bodies.reduce((total, [, body]) => total + size(body), 0);
        const raw = sum((body) => body.length);
        const compressed = sum((body) => gzipSync(body).length);
        const heaviest = bodies.sort(([, one], [, other]) => other.length - one.length).slice(0, 5).map(([url, body]) => `${url} ${body.length}`);
        t.diagnostic(`${raw} bytes, ${compressed} compressed, ${bodies.length} files`);
        assert.ok(bodies.length > 5, "css and scripts were not counted");
        assert.ok(raw <= RAW_LIMIT, `${raw} bytes; heaviest: ${heaviest.join(", ")}`);
        assert.ok(compressed <= COMPRESSED_LIMIT, `${compressed} bytes compressed; heaviest: ${heaviest.join(", ")}`);
      });
    });
  }
});
