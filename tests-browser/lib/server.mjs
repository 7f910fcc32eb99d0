// A file server on a loopback port that the system picks: enough to view a built book.
import { createServer } from "node:http";
import { readFile, realpath } from "node:fs/promises";
import path from "node:path";

const TYPES = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/**
 * Serves `folder`; resolves to `{ origin, close }`. `routes` answer before the files do:
 * `{ "/course/state.json": (request, response) => … }`; `change` may rewrite each page.
 */
export async function serve(folder, { routes = {}, change = (page) => page } = {}) {
  const root = await realpath(folder);
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    if (routes[pathname]) {
      routes[pathname](request, response);
      return;
    }
    const wanted = path.join(root, decodeURIComponent(pathname.endsWith("/") ? `${pathname}index.html` : pathname));
    try {
      if (!wanted.startsWith(root + path.sep)) throw new Error("outside the book");
      const body = await readFile(wanted);
      response.writeHead(200, { "content-type": TYPES[path.extname(wanted)] ?? "application/octet-stream" });
      response.end(wanted.endsWith(".html") ? change(body.toString()) : body);
    } catch {
      response.writeHead(404, { "content-type": "text/plain" });
      response.end("not found");
    }
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const close = () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  return { origin: `http://127.0.0.1:${server.address().port}`, close };
}
