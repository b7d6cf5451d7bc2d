import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { parseChange } from './change';
import { sharedCollection } from './shared-collection';

const MAX_REQUEST_BYTES = 8192;
/** A client with more waiting data than this is disconnected; the browser reconnects. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** The same collection over plain HTTP: GET streams the changes (Server-Sent Events), POST makes one. */
export function serveCollection(request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'GET') stream(response);
  else if (request.method === 'POST') void receive(request, response);
  else response.writeHead(405, { Allow: 'GET, POST' }).end();
}

function stream(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  const stopListening = sharedCollection.listen((json) => {
    response.write(`event: update\ndata: ${json}\n\n`);
    if (response.writableLength > MAX_WAITING_BYTES) response.destroy();
  });
  response.on('close', stopListening);
}

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!isOwnOrigin(request)) return void response.writeHead(403).end();
  // A request without a length counts as too long.
  if (!(Number(request.headers['content-length']) <= MAX_REQUEST_BYTES)) {
    return void response.writeHead(413, { Connection: 'close' }).end();
  }
  try {
    sharedCollection.apply(parseChange(await text(request)));
    response.writeHead(204).end();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    response.writeHead(400, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${message}\n`);
  }
}

/** A foreign page may not change anything; the WebSocket refuses it by default. */
function isOwnOrigin({ headers }: IncomingMessage): boolean {
  return headers.origin === undefined || headers.origin === `http://${headers.host ?? ''}`;
}
