// Takes screenshots of each page, light, dark, narrow and as printed, for people to look at:
//   node screenshots.mjs FOLDER [PART OF A PAGE'S NAME]
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { bookFolder, pagesOf } from "./lib/book.mjs";
import { MODES, startBrowser } from "./lib/browser.mjs";
import { serve } from "./lib/server.mjs";

const [folder, only = ""] = process.argv.slice(2);
if (!folder) {
  console.error("usage: node screenshots.mjs FOLDER [PART OF A PAGE'S NAME]");
  process.exit(2);
}
const book = await bookFolder();
const site = await serve(book);
const browser = await startBrowser();
await mkdir(folder, { recursive: true });
for (const name of (await pagesOf(book)).filter((page) => page.includes(only))) {
  const file = path.join(folder, name.replace(/\.html$/, "").replaceAll("/", "-"));
  for (const [mode, look] of Object.entries(MODES)) {
    const { page, close } = await browser.open({ origin: site.origin, ...look });
    await page.goto(`${site.origin}/${name}`);
    await page.screenshot({ path: `${file}.${mode}.png`, fullPage: true });
    if (mode === "light") await writeFile(`${file}.print.pdf`, await page.pdf({ format: "A4", margin: { top: "18mm", bottom: "18mm", left: "16mm", right: "16mm" } }));
    await close();
  }
  console.log(`${file}.{${Object.keys(MODES).join(",")}}.png, .print.pdf`);
}
await browser.close();
await site.close();
