import { createReadStream, readdirSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { basename, dirname, extname, join } from 'node:path';

// Pages are not compiled, so they are not in dist.
export const EXAMPLES = basename(__dirname) === 'dist' ? dirname(__dirname) : __dirname;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache',
};

/** The client for pages, which a page imports as `./serval.mjs`. */
const SERVAL = join(dirname(require.resolve('serval/package.json')), 'browser.mjs');

/**
 * Answers the plain HTTP requests of an example with the files of its folder `public` and of `examples/public`, which
 * all pages share, and with `serval.mjs`.
 *
 * @param example the example's folder, such as `'chat'`
 * @param root the path of its index.html, with a slash at the end; `/` and the path without the slash redirect to it
 */
export function servePages(example: string, root = '/'): RequestListener {
  // Only these files are served, so no request path ever becomes a file name.
  const files = new Map([['serval.mjs', SERVAL], ...filesIn('public'), ...filesIn(join(example, 'public'))]);
  return (request, response) => {
    const [path = ''] = (request.url ?? '').split('?');
    if (path !== root && (path === '/' || `${path}/` === root)) {
      response.writeHead(302, { ...HEADERS, Location: root }).end();
      return;
    }
    const file = path.startsWith(root) ? files.get(path.slice(root.length) || 'index.html') : undefined;
    if (file === undefined) {
      response.writeHead(404, { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8' }).end('Not found.\n');
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { ...HEADERS, Allow: 'GET, HEAD' }).end();
      return;
    }
    response.writeHead(200, { ...HEADERS, 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream' });
    if (request.method === 'HEAD') response.end();
    else
      createReadStream(file)
        .on('error', () => response.destroy())
        .pipe(response);
  };
}

function filesIn(folder: string): [string, string][] {
  return readdirSync(join(EXAMPLES, folder)).map((name) => [name, join(EXAMPLES, folder, name)]);
}
