import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { cachedHeaders, dynamicHeaders, preflightHeaders, type HeaderSettings } from './response-headers';

// The resources of SockJS that need no session. Their bodies are those of the protocol.

const GREETING = 'Welcome to SockJS!\n';

export function answerGreeting(response: ServerResponse): void {
  answer(response, 200, { 'Content-Type': 'text/plain;charset=UTF-8' }, GREETING);
}

/** The facts that clients read before they choose a transport. */
export interface InfoSettings extends HeaderSettings {
  readonly webSocketEnabled: boolean;
}

export function answerInfo(request: IncomingMessage, response: ServerResponse, settings: InfoSettings): void {
  const info = {
    entropy: randomBytes(4).readUInt32BE(),
    origins: ['*:*'],
    cookie_needed: settings.sessionCookieNeeded,
    websocket: settings.webSocketEnabled,
  };
  answer(response, 200, dynamicHeaders(request, 'application/json;charset=UTF-8', settings), JSON.stringify(info));
}

/** The page that clients load into an iframe, to talk to this server from a page of another origin. */
export class IframePage {
  readonly #body: string;
  readonly #etag: string;

  /** @param headers such as X-Frame-Options */
  constructor(
    clientLibraryUrl: string,
    private readonly headers: OutgoingHttpHeaders,
  ) {
    this.#body = iframePage(clientLibraryUrl);
    this.#etag = `"${createHash('sha256').update(this.#body).digest('base64url').slice(0, 27)}"`;
  }

  answer({ headers }: IncomingMessage, response: ServerResponse): void {
    const known = (headers['if-none-match'] ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''));
    const caching = { ...cachedHeaders(), ETag: this.#etag, ...this.headers };
    if (known.includes(this.#etag)) answer(response, 304, caching);
    else answer(response, 200, { ...caching, 'Content-Type': 'text/html;charset=UTF-8' }, this.#body);
  }
}

function iframePage(clientLibraryUrl: string): string {
  const url = clientLibraryUrl.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  return `<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script src="${url}"></script>
  <script>
    document.domain = document.domain;
    SockJS.bootstrap_iframe();
  </script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>`;
}

export function answerPreflight(
  request: IncomingMessage,
  response: ServerResponse,
  method: 'GET' | 'POST',
  settings: HeaderSettings,
): void {
  answer(response, 204, preflightHeaders(request, method, settings));
}

/** The protocol's answer to another method than the resource has: no body, and no type of one. */
export function answerWrongMethod(response: ServerResponse, method: 'GET' | 'POST'): void {
  answer(response, 405, { Allow: method });
}

/** An answer with a sentence as its body. */
export function answerText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: OutgoingHttpHeaders = {},
): void {
  answer(response, status, { 'Content-Type': 'text/plain;charset=UTF-8', ...headers }, text);
}

/** The protocol's answer to messages that were taken. */
export function answerEmpty(response: ServerResponse, headers: OutgoingHttpHeaders): void {
  answer(response, 204, headers);
}

function answer(response: ServerResponse, status: number, headers: OutgoingHttpHeaders, body?: string): void {
  // The client may have left.
  if (response.headersSent || response.destroyed) return;
  // A 204 and a 304 have no length (RFC 9110 8.6).
  const length = status === 204 || status === 304 ? {} : { 'Content-Length': Buffer.byteLength(body ?? '') };
  response.writeHead(status, { ...headersOf(response, headers), ...length });
  response.end(body);
}

/** HTTP/2 has no Connection header (RFC 9113 8.2.2). */
function headersOf(response: ServerResponse, headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  if (!('stream' in response)) return headers;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'Connection'));
}
