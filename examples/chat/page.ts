import { createReadStream, existsSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';

// The page is not compiled: from dist it is two folders up and then down again.
const FOLDER = [join(__dirname, 'public'), join(__dirname, '../../chat/public')].find(existsSync) ?? __dirname;

// Only what stands here is served, so no request path ever becomes a file name.
const FILES = new Map([
  ['/', { file: 'index.html', type: 'text/html; charset=utf-8' }],
  ['/chat.css', { file: 'chat.css', type: 'text/css; charset=utf-8' }],
  ['/chat.js', { file: 'chat.js', type: 'text/javascript; charset=utf-8' }],
  ['/icon.svg', { file: 'icon.svg', type: 'image/svg+xml' }],
]);

const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache',
};

/** Answers the plain HTTP requests of the demo: its four files, and 404 for the rest. */
export function servePage(request: IncomingMessage, response: ServerResponse): void {
  const [path = ''] = (request.url ?? '').split('?');
  const found = FILES.get(path);
  if (found === undefined) {
    response.writeHead(404, { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8' }).end('Not found.\n');
    return;
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { ...HEADERS, Allow: 'GET, HEAD' }).end();
    return;
  }
  response.writeHead(200, { ...HEADERS, 'Content-Type': found.type });
  if (request.method === 'HEAD') response.end();
  else
    createReadStream(join(FOLDER, found.file))
      .on('error', () => response.destroy())
      .pipe(response);
}
