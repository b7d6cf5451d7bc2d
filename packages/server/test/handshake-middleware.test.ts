import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer as createHttp2Server } from 'node:http2';
import { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DeploymentException, HandshakeRejection, OnMessage, OnOpen, ServerEndpoint, Session } from '@serval/api';
import type { ServerContainerOptions } from '../src/container-options';
import type { HandshakeMiddleware } from '../src/handshake-middleware';
import { attach } from '../src/http-host';
import { ServerContainer } from '../src/server-container';
import { afterTest, Gate, Journal } from '../../testing/test/toolbox';
import { connectHttp2, Http2Client } from './http2-client';
import { clientFrame, upgradeRequest } from './raw-connection';
import { loggerInto, TestServer } from './test-server';

let seen = new Journal();
beforeEach(() => void (seen = new Journal()));

@ServerEndpoint('/chat')
class Chat {
  constructor() {
    seen.add('endpoint');
  }
  @OnMessage say(text: string): string {
    return `you said ${text}`;
  }
}

interface Answer {
  readonly status: number;
  header(name: string): readonly string[];
  readonly body: string;
}

/** Sends one handshake and reads the answer; a 101 and an HTTP/2 200 are both 'open'. */
type Ask = (options: ServerContainerOptions, log?: Journal) => Promise<Answer>;

const overHttp1: Ask = async (options, log) => {
  const server = await TestServer.start({ ...(log && { logger: loggerInto(log) }), ...options }, Chat);
  const { status, headers, body } = await server.request('/chat');
  return { status, header: (name) => headers.get(name) ?? [], body };
};

const overHttp2: Ask = async (options, log = new Journal()) => {
  const http = createHttp2Server();
  const container = attach(http, { logger: loggerInto(log), ...options });
  container.addEndpoint(Chat);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  afterTest(() => new Promise((resolve) => http.close(resolve)));
  afterTest(() => container.stop({ grace: 1 }));
  const client = Http2Client.request(await connectHttp2((http.address() as AddressInfo).port), '/chat');
  const status = await client.status();
  const header = (name: string): readonly string[] => [client.headers?.[name] ?? []].flat();
  return { status: status === 200 ? 101 : status, header, body: status === 200 ? '' : await client.body() };
};

describe.each([
  ['HTTP/1.1', overHttp1],
  ['HTTP/2', overHttp2],
])('handshake middleware over %s', (_version, ask) => {
  it('runs in order, before authenticate, with a request and a real response', async () => {
    const middleware: HandshakeMiddleware[] = [
      (request, response, next) => {
        seen.add(`first ${request.url} ${response instanceof ServerResponse}`);
        next();
      },
      (_request, _response, next) => {
        seen.add('second');
        setImmediate(next);
      },
    ];
    const authenticate = (): null => (seen.add('authenticate'), null);
    const { status } = await ask({ handshakeMiddleware: middleware, authenticate });
    expect(status).toBe(101);
    expect(seen.entries).toEqual(['first /chat true', 'second', 'authenticate', 'endpoint']);
  });

  it('sends the headers of the middleware with an accepted handshake, and none that describe a body', async () => {
    const answer = await ask({
      handshakeMiddleware: (_request, response, next) => {
        response.setHeader('X-Request-Id', '7');
        response.setHeader('Set-Cookie', ['a=1', 'b=2']);
        response.setHeader('Content-Length', '5');
        next();
      },
    });
    expect(answer.status).toBe(101);
    expect(answer.header('x-request-id')).toEqual(['7']);
    expect(answer.header('set-cookie')).toEqual(['a=1', 'b=2']);
    expect(answer.header('content-length')).toEqual([]);
  });

  it('sends the headers of the middleware with a refusal of a later step', async () => {
    const answer = await ask({
      handshakeMiddleware: (_request, response, next) => (response.setHeader('X-Request-Id', '7'), next()),
      authenticate: () => {
        throw new HandshakeRejection(401, { headers: { 'WWW-Authenticate': 'Basic' } });
      },
    });
    expect(answer.status).toBe(401);
    expect(answer.header('x-request-id')).toEqual(['7']);
    expect(answer.header('www-authenticate')).toEqual(['Basic']);
  });

  it.each([
    [
      'a redirect',
      302,
      (response: ServerResponse) => response.writeHead(302, { Location: '/login' }).end(),
      '',
      '/login',
    ],
    [
      'a status without a body',
      401,
      (response: ServerResponse) => ((response.statusCode = 401), response.end()),
      '',
      undefined,
    ],
    [
      'a body in parts',
      403,
      (response: ServerResponse) => {
        response.writeHead(403, { 'Content-Type': 'text/html' });
        response.write('<p>');
        setImmediate(() => response.end('no'));
      },
      '<p>no',
      undefined,
    ],
  ])('refuses with the answer of the middleware: %s', async (_title, status, act, body, location) => {
    const answer = await ask({ handshakeMiddleware: (_request, response) => void act(response) });
    expect(answer.status).toBe(status);
    expect(answer.body).toBe(body);
    expect(answer.header('location')[0]).toBe(location);
    expect(seen.entries).toEqual([]);
  });

  it.each<[string, unknown, number]>([
    ['an error', new Error('it broke'), 500],
    ['an error with a status, as http-errors makes them', Object.assign(new Error('too many'), { status: 429 }), 429],
    ['an error with a status that no refusal has', Object.assign(new Error('odd'), { status: 200 }), 500],
    ['a store that is down', Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), 503],
    ['an error that a lost connection caused', new Error('no session', { cause: { code: 'ECONNRESET' } }), 503],
    ['a HandshakeRejection', new HandshakeRejection(418), 418],
  ])('refuses when next receives %s', async (_title, error, status) => {
    const log = new Journal();
    const answer = await ask({ handshakeMiddleware: (_request, _response, next) => next(error) }, log);
    expect(answer.status).toBe(status);
    expect(answer.body).not.toContain('it broke');
    if (status >= 500) await log.until(`error The handshake for /chat failed: ${(error as Error).message}`);
    expect(seen.entries).toEqual([]);
  });

  it('sends the headers and the public message of an error as http-errors makes them', async () => {
    const headers = { 'WWW-Authenticate': 'Bearer', 'Retry-After': 5, Connection: 'close' };
    const exposed = Object.assign(new Error('Log in.'), { status: 401, expose: true, headers });
    const answer = await ask({ handshakeMiddleware: (_request, _response, next) => next(exposed) });
    expect([answer.status, answer.body]).toEqual([401, 'Log in.\n']);
    expect([answer.header('www-authenticate'), answer.header('retry-after')]).toEqual([['Bearer'], ['5']]);
    const hidden = Object.assign(new Error('the password is 1234'), { status: 503, expose: false });
    const other = await ask({ handshakeMiddleware: (_request, _response, next) => next(hidden) });
    expect([other.status, other.body]).toEqual([503, 'Service Unavailable\n']);
  });

  it.each<[string, HandshakeMiddleware]>([
    [
      'throws',
      () => {
        throw new Error('it broke');
      },
    ],
    ['rejects', () => Promise.reject(new Error('it broke'))],
    ['answers with 200', (_request, response) => response.end('hello')],
    ['destroys the response', (_request, response) => response.destroy()],
    ['writes a head and passes', (_request, response, next) => (response.writeHead(404), next())],
    [
      'answers with more than 1 MiB',
      (_request, response) => response.writeHead(403).end(Buffer.alloc(1024 * 1024 + 1)),
    ],
  ])('refuses with 500 when a middleware %s', async (_title, middleware) => {
    const log = new Journal();
    expect((await ask({ handshakeMiddleware: middleware }, log)).status).toBe(500);
    expect(log.entries.filter((entry) => entry.startsWith('error'))).toHaveLength(1);
    expect(seen.entries).toEqual([]);
  });

  it('refuses with 503 after the handshake timeout when a middleware never calls next', async () => {
    const answer = await ask({ handshakeMiddleware: () => undefined, handshakeTimeout: 20 });
    expect(answer.status).toBe(503);
    expect(seen.entries).toEqual([]);
  });
});

it('ignores a second next, and reports an error that arrives after the answer', async () => {
  const late = new Gate();
  const server = await TestServer.start(
    {
      handshakeMiddleware: (_request, _response, next) => {
        next();
        next();
        void late.promise.then(() => next(new Error('the session was not saved')));
      },
    },
    Chat,
  );
  const client = await server.open('/chat');
  late.open();
  await server.log.until('error The handshake for /chat failed: the session was not saved');
  client.send(clientFrame(0x81, 'hi'));
  expect(await client.text()).toBe('you said hi');
  expect(seen.entries).toEqual(['endpoint']);
});

it('runs the hooks of writeHead and end, as those that save a session', async () => {
  const server = await TestServer.start(
    {
      handshakeMiddleware: (_request, response, next) => {
        const { writeHead, end } = response;
        response.writeHead = function (this: ServerResponse, ...args: Parameters<typeof writeHead>) {
          this.setHeader('Set-Cookie', `status=${args[0]}`);
          return writeHead.apply(this, args);
        } as typeof writeHead;
        response.end = function (this: ServerResponse, ...args: Parameters<typeof end>) {
          seen.add('saved');
          return end.apply(this, args);
        } as typeof end;
        next();
      },
    },
    Chat,
  );
  const { status, headers } = await server.request('/chat');
  expect(status).toBe(101);
  expect(headers.get('set-cookie')).toEqual(['status=101']);
  await seen.until('saved');
});

it('passes a store of AsyncLocalStorage, in which a middleware ran next, on to every handler', async () => {
  const storage = new AsyncLocalStorage<string>();
  @ServerEndpoint('/stored')
  class Stored {
    @OnOpen open(session: Session): void {
      seen.add(`open ${storage.getStore()}`);
      setTimeout(() => void session.getAsyncRemote().sendText(`timer ${storage.getStore()}`), 1);
    }
    @OnMessage say(_text: string): string {
      return `message ${storage.getStore()}`;
    }
  }
  const server = await TestServer.start(
    { handshakeMiddleware: (request, _response, next) => storage.run(String(request.url), next) },
    Stored,
  );
  const client = await server.open('/stored?a');
  expect(await client.text()).toBe('timer /stored?a');
  client.send(clientFrame(0x81, 'hi'));
  expect(await client.text()).toBe('message /stored?a');
  expect(seen.entries).toEqual(['open /stored?a']);
});

it('gives the middleware the request of the host, whose session getHttpSession returns', async () => {
  const server = await TestServer.start(
    {
      handshakeMiddleware: (request, _response, next) => {
        Object.assign(request, { session: { id: 's1' } });
        seen.add(String(request instanceof IncomingMessage));
        next();
      },
      authenticate: (request) => {
        seen.add(JSON.stringify(request.getHttpSession()));
        return null;
      },
    },
    Chat,
  );
  await server.open('/chat');
  expect(seen.entries).toEqual(['true', '{"id":"s1"}', 'endpoint']);
});

it('leaves requests without an endpoint alone', async () => {
  const server = await TestServer.start({ handshakeMiddleware: () => void seen.add('called') }, Chat);
  expect((await server.request('/elsewhere')).status).toBe(404);
  expect(seen.entries).toEqual([]);
});

it('does not run for a client that sends no valid handshake', async () => {
  const server = await TestServer.start({ handshakeMiddleware: () => void seen.add('called') }, Chat);
  const client = await server.connect();
  client.send(upgradeRequest('/chat', { 'Sec-WebSocket-Version': '8' }));
  expect((await client.response()).status).toBe(426);
  expect(seen.entries).toEqual([]);
});

it.each([['text'], [[() => undefined, null]]])('refuses the option %p', (handshakeMiddleware) => {
  const create = (): unknown => new ServerContainer({ handshakeMiddleware: handshakeMiddleware as never });
  expect(create).toThrow(DeploymentException);
  expect(create).toThrow('handshakeMiddleware is a function (request, response, next), or a list of them; found');
});
