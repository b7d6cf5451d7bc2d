import { acceptValue } from '@serval/protocol';
import { ClientEndpoint, HandshakeException, ClientContainer, type Session } from 'serval';
import { accepting, LiteralServer, type Answer } from './literal-server';

// The client is connectToServer, with the options that offer compression.

@ClientEndpoint
class Client {}

const container = new ClientContainer({ perMessageDeflate: true });

let server: LiteralServer;
beforeAll(async () => {
  server = await LiteralServer.start();
});
afterAll(() => server.stop());

function connect(answer: Answer = accepting(), client = container): Promise<Session> {
  return client.connectToServer(Client, server.answering(answer));
}

const DEFLATE = 'permessage-deflate';
const extensions = (value: string): string => `Sec-WebSocket-Extensions: ${value}`;

/** The accepting answer with one line in place of another. */
const changed =
  (found: RegExp, line: string): Answer =>
  (request) =>
    accepting()(request).replace(found, line);

test('RFC 6455 4.1: sends everything that a handshake requires', async () => {
  await connect();
  const { requestLine, headers } = server.requests.at(-1) ?? { headers: new Map<string, string>() };
  expect(requestLine).toBe('GET /a?b=c HTTP/1.1');
  expect(Object.fromEntries(headers)).toEqual({
    host: server.url.host,
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-key': expect.stringMatching(/^[A-Za-z0-9+/]{21}[AQgw]==$/) as string,
    'sec-websocket-version': '13',
    'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits',
  });
});

test('RFC 6455 4.1: each connection has its own key', async () => {
  for (let count = 0; count < 20; count += 1) await connect();
  const keys = server.requests.map(({ headers }) => headers.get('sec-websocket-key'));
  expect(new Set(keys).size).toBe(keys.length);
});

test.each<[string, Answer]>([
  ['the plain answer', accepting()],
  ['names in lower case', changed(/Upgrade: websocket\r\nConnection/, 'upgrade: WebSocket\r\nconnection')],
  ['a Connection header with more tokens', changed(/Connection: Upgrade/, 'Connection: keep-alive, upgrade')],
  ['header lines that it does not know', accepting('Server: somebody', 'X-Anything: at all')],
  ['permessage-deflate', accepting(extensions(DEFLATE))],
  [
    'permessage-deflate with parameters',
    accepting(extensions(`${DEFLATE}; server_no_context_takeover; client_max_window_bits=9`)),
  ],
  // RFC 7692 7.1.2.1: a server may limit its own window unasked.
  ['permessage-deflate with another window', accepting(extensions(`${DEFLATE}; server_max_window_bits=10`))],
])('RFC 6455 4.1: accepts %s', async (_title, answer) => {
  const session = await connect(answer);
  expect(session.getNegotiatedExtensions().map((extension) => extension.getName())).toEqual(
    answer({ requestLine: '', headers: new Map() }).includes(DEFLATE) ? [DEFLATE] : [],
  );
});

test.each<[string, Answer]>([
  ['a 200', () => 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a 301', () => 'HTTP/1.1 301 Moved Permanently\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n'],
  ['a 401', () => 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n'],
  ['a 503', () => 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\n\r\nno\n'],
  ['a 426', () => 'HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 8\r\nContent-Length: 0\r\n\r\n'],
  ['no accept value', changed(/Sec-WebSocket-Accept: .*\r\n/, '')],
  ['an empty accept value', changed(/Sec-WebSocket-Accept: .*\r\n/, 'Sec-WebSocket-Accept: \r\n')],
  [
    'the accept value of another key',
    changed(/(Sec-WebSocket-Accept: ).*/, `$1${acceptValue('dGhlIHNhbXBsZSBub25jZQ==')}`),
  ],
  [
    'the key itself',
    (request) => accepting()(request).replace(/(Accept: ).*/, `$1${request.headers.get('sec-websocket-key')}`),
  ],
  [
    'an accept value in another case',
    (request) =>
      accepting()(request).replace(/(Accept: )(.*)/, (_all, name: string, value: string) => name + value.toLowerCase()),
  ],
  ['another protocol', changed(/Upgrade: websocket/, 'Upgrade: h2c')],
  ['a Connection header without Upgrade', changed(/Connection: Upgrade/, 'Connection: keep-alive, x-upgrade')],
  ['a subprotocol that the client did not offer', accepting('Sec-WebSocket-Protocol: chat')],
  ['an extension that was not offered', accepting(extensions('x-zip'))],
  ['permessage-deflate twice', accepting(extensions(`${DEFLATE}, ${DEFLATE}`))],
  ['another extension behind it', accepting(extensions(`${DEFLATE}, x-zip`))],
  ['a parameter that does not exist', accepting(extensions(`${DEFLATE}; level=9`))],
  ['a parameter twice', accepting(extensions(`${DEFLATE}; server_no_context_takeover; server_no_context_takeover`))],
  ['a window out of range', accepting(extensions(`${DEFLATE}; server_max_window_bits=16`))],
  // RFC 7692 7.1.2.2: in an answer it has a value.
  ['a window without a value', accepting(extensions(`${DEFLATE}; client_max_window_bits`))],
  ['a value where none belongs', accepting(extensions(`${DEFLATE}; client_no_context_takeover=1`))],
  ['a malformed header of extensions', accepting(extensions(`${DEFLATE}; ;`))],
])('RFC 6455 4.1: fails for %s', async (_title, answer) => {
  const connecting = connect(answer);
  await expect(connecting).rejects.toThrow(HandshakeException);
  await expect(connecting).rejects.toMatchObject({
    code: expect.stringMatching(/^WS_CONNECT_(?:REFUSED|BAD_ANSWER|REDIRECT)$/) as string,
  });
});

describe('a client with more offers', () => {
  const demanding = new ClientContainer({
    perMessageDeflate: { serverNoContextTakeover: true, serverMaxWindowBits: 11, clientMaxWindowBits: 12 },
  });

  test('RFC 7692 7.1: offers permessage-deflate, and accepts a matching response', async () => {
    const kept = `${DEFLATE}; server_no_context_takeover; server_max_window_bits=11; client_max_window_bits=12`;
    await connect(accepting(extensions(kept)), demanding);
    expect(server.requests.at(-1)?.headers.get('sec-websocket-extensions')).toBe(kept);
  });

  test.each([
    DEFLATE,
    `${DEFLATE}; server_no_context_takeover`,
    `${DEFLATE}; server_max_window_bits=11`,
    `${DEFLATE}; server_no_context_takeover; server_max_window_bits=12`,
  ])('RFC 7692 7.1: fails for the response %j', async (agreed) => {
    const connecting = connect(accepting(extensions(agreed)), demanding);
    await expect(connecting).rejects.toMatchObject({ code: 'WS_CONNECT_BAD_ANSWER' });
  });
});

test('RFC 6455 4.1: fails if the response is not HTTP, or there is no server', async () => {
  await expect(connect(() => 'SSH-2.0-server\r\n\r\n')).rejects.toMatchObject({ code: 'WS_CONNECT_BAD_ANSWER' });
  const unreachable = await LiteralServer.start();
  const { url } = unreachable;
  await unreachable.stop();
  await expect(container.connectToServer(Client, url)).rejects.toMatchObject({
    code: 'WS_CONNECT_IO',
    message: expect.stringContaining('ECONNREFUSED') as string,
  });
});
