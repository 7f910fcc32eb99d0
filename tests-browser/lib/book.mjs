// Which book is tested, and which pages it has.
import { execFile } from "node:child_process";
import { access, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
export const ROOT = path.resolve(import.meta.dirname, "../..");

/** The built book: the folder that BOOK names, else `book/`, which must have been built. */
export async function bookFolder() {
  const folder = path.resolve(process.env.BOOK ?? path.join(ROOT, "book"));
  try {
    await access(path.join(folder, "toc.html"));
  } catch {
    throw new Error(`no book in ${folder}: run \`cargo course build\` first, or name a built book in BOOK`);
  }
  return folder;
}

/** Every page that the table of contents names, as a path below the book's folder. */
export async function pagesOf(folder) {
  const toc = await readFile(path.join(folder, "toc.html"), "utf8");
  const pages = [...toc.matchAll(/<a href="([^"#]+\.html)"/g)].map(([, page]) => page);
  return [...new Set(pages)];
}

/**
 * The command behind `cargo course`, for a process in any clone: the executable that COURSE names,
 * else this repository's by cargo.
 */
export function courseCommand(...args) {
  if (process.env.COURSE) return { file: path.resolve(process.env.COURSE), args };
  const manifest = ["--manifest-path", path.join(ROOT, "Cargo.toml"), "--package", "course", "--bin", "course"];
  return { file: "cargo", args: ["run", "--quiet", ...manifest, "--", ...args] };
}

/** A copy of this repository's sources, to build or spoil; `{ root, remove }`. */
export async function copyRepository() {
  const root = await mkdtemp(path.join(os.tmpdir(), "hybrid by design "));
  const skipped = new Set([".git", ".course", "book", "target", "node_modules"]);
  await cp(ROOT, root, { recursive: true, filter: (source) => !skipped.has(path.basename(source)) });
  return { root, remove: () => rm(root, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Builds the book of the clone at `root`, with `ladder` as the reader's figures; resolves to its folder. */
export async function buildBook(root, ladder) {
  await mkdir(path.join(root, ".course/measurements"), { recursive: true });
  await writeFile(path.join(root, ".course/measurements/ladder.json"), JSON.stringify(ladder));
  const { file, args } = courseCommand("build");
  await run(file, args, { cwd: root, maxBuffer: 1 << 26 });
  return path.join(root, "book");
}
