// One Chromium with its own profile, and pages that record what went wrong in them.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const CANDIDATES = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const ARGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

/** The ways in which every page must hold. */
export const MODES = {
  light: { theme: "light", width: 1280, height: 900 },
  dark: { theme: "navy", width: 1280, height: 900 },
  narrow: { theme: "light", width: 390, height: 844 },
};

/** Starts Chromium; resolves to `{ open, close }`. */
export async function startBrowser() {
  const executablePath = CANDIDATES.find((candidate) => candidate && existsSync(candidate));
  if (!executablePath) throw new Error("no Chromium found: install it, or name it in CHROMIUM");
  // Playwright gives each launch its own empty profile folder, and removes it.
  const browser = await chromium.launch({ executablePath, headless: true, args: ARGS });
  return { open: (options) => open(browser, options), close: () => browser.close() };
}

/**
 * A page in a context of its own (so with an empty localStorage), which notes console errors,
 * failed requests and every request that leaves `origin`.
 */
async function open(browser, { origin, theme = "light", width = 1280, height = 900, ...context }) {
  const own = await browser.newContext({ viewport: { width, height }, ...context });
  await own.addInitScript((name) => {
    try {
      if (localStorage.getItem("mdbook-theme") === null) localStorage.setItem("mdbook-theme", name);
    } catch { /* a test may take the storage away */ }
  }, theme);
  const page = await own.newPage();
  const notes = { errors: [], strangers: [] };
  page.on("console", (message) => message.type() === "error" && notes.errors.push(message.text()));
  page.on("pageerror", (error) => notes.errors.push(String(error)));
  page.on("response", (response) => response.status() >= 400 && notes.errors.push(`${response.status()} ${response.url()}`));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith("data:") && !url.startsWith("blob:")) notes.strangers.push(url);
  });
  return { page, notes, close: () => own.close() };
}
