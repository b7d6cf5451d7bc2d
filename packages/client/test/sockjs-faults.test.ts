import type { CloseReason } from '@serval/api';
import { ClientContainer, connect, type HandlerConnectOptions, type WebSocketClient } from '../src';
import { afterTest, Gate, Inbox, rejection, silent } from '../../testing/test/toolbox';
import { soon } from './reconnecting';
import { INFO, poll, ScriptedServer, status, stream, type Exchange, type Script } from './sockjs-scripted-server';

const PATIENT = { timeout: 20_000 };
const POLLING = { ...PATIENT, transports: ['xhr-polling'] } as const;
const STREAMING = { ...PATIENT, transports: ['xhr-streaming'] } as const;

async function open(server: ScriptedServer, options: HandlerConnectOptions = {}): Promise<WebSocketClient> {
  const client = await connect(server.url, { logger: silent, sockJs: POLLING, sessionCloseTimeout: 2000, ...options });
  afterTest(async () => {
    await client.close();
    await client.closed;
  });
  return client;
}

const failing = (server: ScriptedServer, options: HandlerConnectOptions = {}): Promise<any> =>
  rejection(connect(server.url, { logger: silent, sockJs: POLLING, ...options }));

const session = (): Record<string, Script> => ({ xhr: poll('o\n'), xhr_send: status(204) });

describe('an info that is not one', () => {
  test.each<[what: string, answer: Script, code: string, found: string]>([
    ['404', status(404, {}, 'not here'), 'WS_CONNECT_REFUSED', '404'],
    ['500', status(500), 'WS_CONNECT_REFUSED', '500'],
    ['204', status(204), 'WS_CONNECT_REFUSED', '204'],
    ['a page', status(200, {}, '<html>hello</html>'), 'WS_CONNECT_BAD_ANSWER', '"<html>hello</html>"'],
    ['null', status(200, {}, 'null'), 'WS_CONNECT_BAD_ANSWER', '"null"'],
    ['a list', status(200, {}, '[]'), 'WS_CONNECT_BAD_ANSWER', '"[]"'],
    ['half of it', status(200, {}, INFO.slice(0, 19)), 'WS_CONNECT_BAD_ANSWER', '"{\\"websocket\\":false,"'],
    ['nothing', status(200), 'WS_CONNECT_BAD_ANSWER', '""'],
  ])('%s: connect rejects', async (_what, info, code, found) => {
    const server = await ScriptedServer.start({ info });
    const error = await failing(server);
    expect([error.name, error.code, error.message]).toEqual([
      'HandshakeException',
      code,
      `${server.url}/info answered ${found}; expected the JSON object of a SockJS endpoint.`,
    ]);
    await server.deserted();
  });

  test('too long: connect rejects without reading it', async () => {
    const info: Script = ({ response }) => {
      const write = (): void => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
      };
      response.on('drain', write);
      write();
    };
    const server = await ScriptedServer.start({ info });
    const { code, message } = await failing(server);
    expect([code, message]).toEqual(['WS_CONNECT_BAD_ANSWER', expect.stringContaining('more than 16384 bytes')]);
    await server.deserted();
  });

  test('late: connect rejects after ioTimeout', async () => {
    const server = await ScriptedServer.start({ info: () => undefined });
    const { code, message } = await failing(server, { ioTimeout: 50 });
    expect([code, message]).toEqual(['WS_CONNECT_TIMEOUT', expect.stringContaining('was silent for 50 ms')]);
    await server.deserted();
  });

  test('without an end: connect rejects after handshakeTimeout', async () => {
    const server = await ScriptedServer.start({ info: stream('{"websocket"') });
    const { code, message } = await failing(server, { handshakeTimeout: 100 });
    expect([code, message]).toEqual(['WS_CONNECT_TIMEOUT', expect.stringContaining('handshakeTimeout')]);
    await server.deserted();
  });

  test('cut off: connect rejects', async () => {
    const info: Script = ({ response }) => {
      response.write('{"websocket"');
      setImmediate(() => response.destroy());
    };
    const server = await ScriptedServer.start({ info });
    const { code, message } = await failing(server);
    expect([code, message]).toEqual(['WS_CONNECT_IO', `${server.url}/info broke off: aborted.`]);
  });

  test('a server that asks for a pause is tried again', async () => {
    let count = 0;
    const info: Script = ({ response }) => {
      if (count++ === 0) response.writeHead(503, { 'Retry-After': '0' }).end();
      else response.end(INFO);
    };
    const server = await ScriptedServer.start({ ...session(), info });
    await open(server, { retryAfter: true });
    expect(server.kinds.slice(0, 3)).toEqual(['info', 'info', 'xhr']);
  });
});

describe('a redirect of the info', () => {
  test('moves the endpoint', async () => {
    const info: Script = ({ request, response }) => {
      if (request.url === '/echo/info?room=1') response.writeHead(307, { Location: '/moved/echo/info?room=2' }).end();
      else response.end(INFO);
    };
    const server = await ScriptedServer.start({ ...session(), info });
    const client = await connect(`${server.url}?room=1`, { sockJs: POLLING });
    await server.until('xhr', 2);
    expect(server.requests.map(({ request }) => request.url?.replace(/\/\d{3}\/\w+\//, '/…/'))).toEqual([
      '/echo/info?room=1',
      '/moved/echo/info?room=2',
      '/moved/echo/…/xhr?room=2',
      '/moved/echo/…/xhr?room=2',
    ]);
    expect(client.session?.getRequestURI().href).toBe(`${server.url.replace('/echo', '/moved/echo')}?room=2`);
    await client.close();
  });

  test('to something else is an error', async () => {
    const info: Script = ({ request, response }) => {
      if (request.url === '/echo/info') response.writeHead(302, { Location: '/login' }).end();
      else response.end(INFO);
    };
    const server = await ScriptedServer.start({ info, login: ({ response }) => void response.end('<html>') });
    const { code, message } = await failing(server);
    expect([code, message]).toEqual([
      'WS_CONNECT_REDIRECT',
      `${server.url}/info was redirected to ${server.url.replace('http', 'ws').replace('/echo', '/login')}; expected a path that ends in /info.`,
    ]);
    await server.deserted();
  });

  test('to another origin takes the credentials away from every request', async () => {
    const other = await ScriptedServer.start(session());
    const server = await ScriptedServer.start({ info: status(302, { Location: `${other.url}/info` }) });
    await open(server, { headers: { 'X-Token': 'secret' }, credentials: { username: 'ann', password: 'secret' } });
    await other.until('xhr', 2);
    for (const { request } of other.requests)
      expect([request.headers['x-token'], request.headers.authorization]).toEqual([undefined, undefined]);
  });
});

describe('a transport that does not open', () => {
  test('is followed by the next one, and the error lists all of them', async () => {
    const server = await ScriptedServer.start({
      info: status(200, {}, '{}'),
      websocket: status(400),
      xhr_streaming: status(403),
      xhr: poll('<html>\n'),
    });
    const { code, status: last, message } = await failing(server, { sockJs: PATIENT });
    const webSocket = server.requests[1]?.request.url ?? '';
    expect(server.kinds).toEqual(['info', 'websocket', 'xhr_streaming', 'xhr']);
    expect([code, last, message]).toEqual([
      'WS_CONNECT_BAD_ANSWER',
      undefined,
      `No SockJS transport of ${server.url} opened. ` +
        `websocket: ${server.url.replace('http', 'ws').replace('/echo', webSocket)} refused the WebSocket with status 400; expected 101; ` +
        'xhr-streaming: The server answered 403 to xhr_streaming; ' +
        'xhr-polling: The server sent "<html>"; expected a frame of SockJS: o, h, a[…] or c[…].',
    ]);
    await server.deserted();
  });

  test('has a new session each time, with random ids', async () => {
    const server = await ScriptedServer.start({ xhr_streaming: status(500), xhr: status(500) });
    const error = await failing(server, { sockJs: PATIENT });
    expect([error.code, error.status]).toEqual(['WS_CONNECT_REFUSED', 500]);
    const paths = server.requests.slice(1).map(({ request }) => request.url ?? '');
    for (const path of paths) expect(path).toMatch(/^\/echo\/\d{3}\/[\da-f]{32}\/xhr/);
    expect(new Set(paths.map((path) => path.split('/')[3])).size).toBe(2);
  });

  test('gets as much time as the info took, times eight or so', async () => {
    const server = await ScriptedServer.start({ ...session(), xhr_streaming: () => undefined });
    const begun = performance.now();
    const client = await open(server, { sockJs: {} });
    const took = performance.now() - begun;
    expect(client.session?.getUserProperties().get('sockJs.transport')).toBe('xhr-polling');
    expect(server.kinds.slice(0, 3)).toEqual(['info', 'xhr_streaming', 'xhr']);
    // 2 x (300 ms + the round trip) at least.
    expect(took).toBeGreaterThan(590);
  });

  test('gets at least the timeout', async () => {
    const server = await ScriptedServer.start({ xhr: () => undefined });
    const begun = performance.now();
    const error = await failing(server, { sockJs: { transports: ['xhr-polling'], timeout: 700 } });
    expect([error.code, error.message]).toEqual([
      'WS_CONNECT_TIMEOUT',
      expect.stringMatching(
        /^No SockJS transport of .* opened\. xhr-polling: it did not open within \d+ ms \(sockJs\.timeout/,
      ),
    ]);
    expect(performance.now() - begun).toBeGreaterThan(690);
    await server.deserted();
  });

  test('is final if an application refused the session with a code', async () => {
    const server = await ScriptedServer.start({ xhr_streaming: stream('c[3000,"Go away!"]\n'), xhr: poll('o\n') });
    const { code, message } = await failing(server, { sockJs: PATIENT });
    expect([code, message]).toEqual([
      'WS_CONNECT_REFUSED',
      `${server.url} closed the session before it opened: CloseReason[3000,Go away!]`,
    ]);
    expect(server.count('xhr')).toBe(0);
  });

  test('is not followed by another one when the whole connect takes too long', async () => {
    const server = await ScriptedServer.start({ xhr_streaming: () => undefined, xhr: () => undefined });
    const { code, message } = await failing(server, { sockJs: PATIENT, handshakeTimeout: 200 });
    expect([code, message]).toEqual(['WS_CONNECT_TIMEOUT', expect.stringContaining('was not connected within 200 ms')]);
    expect(server.count('xhr')).toBe(0);
    await server.deserted();
  });

  test('is aborted by the signal', async () => {
    const server = await ScriptedServer.start({ xhr: () => undefined });
    const abort = new AbortController();
    const error = failing(server, { signal: abort.signal });
    await server.until('xhr', 1);
    abort.abort(new Error('enough'));
    expect((await error).message).toBe('enough');
    await server.deserted();
  });
});

describe('a session whose server breaks the rules', () => {
  interface End {
    readonly reason: CloseReason;
    readonly errors: readonly string[];
    readonly texts: readonly string[];
    readonly server: ScriptedServer;
  }

  async function endOf(script: Readonly<Record<string, Script>>, options: HandlerConnectOptions = {}): Promise<End> {
    const server = await ScriptedServer.start({ xhr_send: status(204), ...script });
    const errors: string[] = [];
    const texts: string[] = [];
    const client = await open(server, {
      onText: (text) => void texts.push(text),
      onError: ({ message }) => void errors.push(message),
      ...options,
    });
    const reason = await client.closed;
    await server.deserted();
    return { reason, errors, texts, server };
  }

  test.each<[what: string, bytes: string | Buffer, code: number, reason: string]>([
    ['a page', '<html>\n', 1002, 'The server sent "<html>"; expected a frame of SockJS: o, h, a[…] or c[…].'],
    ['a number', 'a[1]\n', 1002, 'The server sent "1" in a list of messages, which are texts.'],
    ['broken JSON', 'a["\\x"]\n', 1002, 'The server sent a message that is not valid JSON.'],
    ['half of a message', 'a["x', 1002, 'The response of the server ended inside a message.'],
    [
      'a code that does not exist',
      'c[7,"x"]\n',
      1002,
      'The server closed with the code 7; expected one from 1000 to 4999.',
    ],
    ['bytes that are not UTF-8', Buffer.from('a["\xff"]\n', 'latin1'), 1007, 'The server sent text that is not UTF-8.'],
    ['half of a character', Buffer.from('a["\xe2', 'latin1'), 1007, 'The server sent text that is not UTF-8.'],
    [
      'a large message',
      `a["${'x'.repeat(9000)}"]\n`,
      1009,
      'The message has more than 8192 bytes, the most that are taken.',
    ],
  ])('closes it: %s', async (_what, bytes, code, reason) => {
    const end = await endOf({ xhr: poll('o\n', 'a["before"]\n', bytes) });
    expect([end.reason.code, end.reason.reason, end.texts]).toEqual([code, reason, ['before']]);
  });

  test('ends with 1006 when the server begins another session', async () => {
    const end = await endOf({ xhr: poll('o\n', 'o\n') });
    expect(end.reason.code).toBe(1006);
  });

  test('ends with 1006 when the server does not have the session any more', async () => {
    const end = await endOf({ xhr: poll('o\n', status(404)) });
    expect(end.reason.code).toBe(1006);
  });

  test('ends with 1006, behind its messages, when a stream breaks off', async () => {
    const broken: Script = ({ response }) => {
      response.write(`${'h'.repeat(2048)}\no\na["one"]\n`);
      response.write('a["two"]\na["thr');
      setTimeout(() => response.destroy(), 50);
    };
    const end = await endOf({ xhr_streaming: broken }, { sockJs: STREAMING });
    expect([end.reason.code, end.texts]).toEqual([1006, ['one', 'two']]);
  });

  test('ends with 1006 when the server sends nothing for the heartbeat timeout', async () => {
    const end = await endOf({ xhr_streaming: stream('o\n') }, { sockJs: { ...STREAMING, heartbeatTimeout: 100 } });
    expect(end.reason.code).toBe(1006);
  });

  test('ends with 1006 when the server answers every request at once with nothing', async () => {
    const answers: Script[] = [];
    const end = await endOf({
      xhr: (exchange: Exchange) => {
        answers.push(() => undefined);
        exchange.response.end(answers.length === 1 ? 'o\n' : '');
      },
    });
    expect([end.reason.code, end.server.count('xhr')]).toEqual([1006, 21]);
  });

  test.each([
    [500, 1006, ''],
    [404, 1006, ''],
    [302, 1006, ''],
    [413, 1009, 'The server refused the message, which is too large for it (413).'],
  ])('ends when the server answers %d to messages', async (answer, code, reason) => {
    const end = await endOf(
      { xhr: poll('o\n'), xhr_send: status(answer) },
      { onOpen: (session) => void session.send('hello') },
    );
    expect([end.reason.code, end.reason.reason]).toEqual([code, reason]);
  });

  test('ends when the server does not accept messages in time', async () => {
    const end = await endOf(
      { xhr: poll('o\n'), xhr_send: () => undefined },
      { handshakeTimeout: 500, onOpen: (session) => void session.send('hello') },
    );
    expect(end.reason.code).toBe(1006);
  });

  test('rejects the sends that are under way', async () => {
    const server = await ScriptedServer.start({ xhr: poll('o\n'), xhr_send: status(500) });
    const client = await open(server);
    const sends = Array.from({ length: 3 }, () => rejection(client.send('x'.repeat(100_000))));
    for (const { name } of await Promise.all(sends)) expect(name).toBe('IOException');
    expect((await client.closed).code).toBe(1006);
  });

  test('is followed by another one, as the policy says', async () => {
    let count = 0;
    const xhr: Script = ({ response }) => {
      count += 1;
      if (count === 1 || count === 3) response.end('o\n');
      else if (count === 2) response.destroy();
    };
    const server = await ScriptedServer.start({ ...session(), xhr });
    const opened = new Inbox<number>();
    await open(server, { reconnect: soon, onOpen: (_session, { attempt }) => opened.add(attempt) });
    expect([await opened.next(), await opened.next()]).toEqual([0, 1]);
    expect(server.kinds).toEqual(['info', 'xhr', 'xhr', 'info', 'xhr']);
  });
});

describe('a session of a client', () => {
  test('stays while heartbeats arrive', async () => {
    const beats: Script = ({ response }) => {
      response.write('o\n');
      let count = 0;
      const timer = setInterval(() => {
        count += 1;
        response.write(count === 20 ? 'c[1000,"done"]\n' : 'h\n');
        if (count === 20) clearInterval(timer);
      }, 30);
    };
    const server = await ScriptedServer.start({ xhr_streaming: beats });
    const client = await open(server, { sockJs: { ...STREAMING, heartbeatTimeout: 300 } });
    expect((await client.closed).code).toBe(1000);
  });

  test('asks for nothing more while its handler is busy and enough waits', async () => {
    // One at work, one that waits in the session, and two that the transport holds back.
    const large = `a["first","${'w'.repeat(8192)}","${'y'.repeat(8192)}","${'z'.repeat(8192)}"]\n`;
    const server = await ScriptedServer.start({ xhr: poll('o\n', large, 'a["last"]\n'), xhr_send: status(204) });
    const received = new Inbox();
    const gate = new Gate();
    const client = await open(server, {
      onText: async (text) => {
        received.add(text);
        await gate.promise;
      },
    });
    await received.next();
    // A send takes as long as another request would.
    await client.send('one');
    await server.until('xhr_send', 1);
    await client.send('two');
    await server.until('xhr_send', 2);
    expect(server.count('xhr')).toBe(2);
    gate.open();
    for (let count = 0; count < 3; count++) await received.next();
    expect(await received.next()).toBe('last');
  });

  test('sends one request at a time, with everything that waits', async () => {
    const bodies: string[] = [];
    let open_: (() => void) | undefined;
    const xhr_send: Script = ({ body, response }) => {
      bodies.push(body);
      if (bodies.length > 1) response.writeHead(204).end();
      else open_ = () => response.writeHead(204).end();
    };
    const server = await ScriptedServer.start({ xhr: poll('o\n'), xhr_send });
    const client = await open(server);
    await client.send('one');
    await server.until('xhr_send', 1);
    for (const text of ['two', 'three', 'four']) void client.send(text);
    open_?.();
    await server.until('xhr_send', 2);
    expect(bodies).toEqual(['["one"]', '["two","three","four"]']);
  });

  test('bounds the messages of one request by their bytes', async () => {
    const sizes: number[] = [];
    const xhr_send: Script = ({ body, response }) => {
      sizes.push(body.length);
      response.writeHead(204).end();
    };
    const server = await ScriptedServer.start({ xhr: poll('o\n'), xhr_send });
    const client = await open(server);
    await Promise.all(Array.from({ length: 40 }, () => client.send('x'.repeat(50_000))));
    await client.close();
    await client.closed;
    expect(sizes.reduce((sum, one) => sum + one)).toBeGreaterThan(2_000_000);
    expect(Math.max(...sizes)).toBeLessThan(140_000);
  });

  test('ends with 1001, without a request left, when the container stops', async () => {
    const server = await ScriptedServer.start(session());
    const container = new ClientContainer({ logger: silent, sockJs: POLLING });
    const client = await connect(server.url, { container, reconnect: soon });
    await server.until('xhr', 2);
    await container.stop();
    expect((await client.closed).code).toBe(1001);
    await server.deserted();
  });

  test('does not begin when the container stops first', async () => {
    const server = await ScriptedServer.start({ xhr: () => undefined });
    const container = new ClientContainer({ logger: silent, sockJs: POLLING });
    const error = rejection(connect(server.url, { container }));
    await server.until('xhr', 1);
    await container.stop();
    expect((await error).code).toBe('WS_CONNECT_STOPPED');
    await server.deserted();
  });
});

test.each([
  [
    [],
    "sockJs.transports is a list of 'websocket', 'xhr-streaming' or 'xhr-polling', each once at most; found an array.",
  ],
  [['xhr-polling', 'xhr-polling'], 'each once at most'],
  [['eventsource'], "sockJs.transports[0] is 'websocket', 'xhr-streaming' or 'xhr-polling'; found \"eventsource\"."],
])('the option sockJs.transports rejects %j', async (transports, message) => {
  const error = await rejection(connect('http://localhost', { sockJs: { transports } as object }));
  expect([error.code, error.message]).toEqual(['WS_DEPLOY_BAD_OPTION', expect.stringContaining(message)]);
});
