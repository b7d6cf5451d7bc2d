import { createServer, ServerResponse, type IncomingMessage, type RequestListener } from 'node:http';
import { OnMessage, PathParam, ServerEndpoint } from '@serval/api';
import { afterTest, Gate, Journal, rejection, silent } from '../../testing/test/toolbox';
import { Server } from '../src/server';
import { attach } from '../src/http-host';
import { endpoint } from '../src/function-endpoint';
import type { RouteAnswer } from '../src/response-reply';
import type { ServerContainerOptions } from '../src/container-options';
import type { HandshakeMiddleware } from '../src/handshake-middleware';
import { ServerContainer } from '../src/server-container';
import {
  clientFrame,
  upgradeRequest,
  type HeaderChanges,
  type RawConnection,
  type RawResponse,
} from './raw-connection';
import { connectTo, listen, loggerInto } from './test-server';

const room = endpoint('/{room}', { onText: (text, session) => `${session.params.room}: ${text}` });

type Route = (request: IncomingMessage, response: ServerResponse, container: ServerContainer) => unknown;

/** A server whose request listener is the route, with a container that passes upgrades to it. */
class RoutedServer {
  readonly log = new Journal();
  readonly container: ServerContainer;
  readonly http;
  port = 0;

  private constructor(route: Route, options: ServerContainerOptions) {
    this.http = createServer((request, response) => void route(request, response, this.container));
    this.container = attach(this.http, { routeUpgrades: true, logger: loggerInto(this.log), ...options });
  }

  static async start(route: Route, options: ServerContainerOptions = {}): Promise<RoutedServer> {
    const server = new RoutedServer(route, options);
    server.port = await listen(server.http);
    afterTest(() => server.container.stop({ grace: 1 }));
    return server;
  }

  async request(start: string, changes?: HeaderChanges): Promise<RawResponse & { readonly client: RawConnection }> {
    const client = await connectTo(this.port);
    client.send(upgradeRequest(start, changes));
    return { ...(await client.response()), client };
  }
}

const upgradeToRoom: Route = (request, response, container) =>
  container.upgradeHttpToWebSocket(request, response, room, { room: request.url?.slice(1) });

describe('with routeUpgrades', () => {
  it('a route of the request listener upgrades, with the path parameters that it found', async () => {
    const server = await RoutedServer.start(upgradeToRoom);
    const { status, client } = await server.request('/blue');
    expect(status).toBe(101);
    client.send(clientFrame(0x81, 'hi'));
    expect(await client.text()).toBe('blue: hi');
  });

  it('a response that is destroyed after the upgrade is a matter of the route alone', async () => {
    const destroyed = new Journal();
    const server = await RoutedServer.start(async (request, response, container) => {
      await container.upgradeHttpToWebSocket(request, response, room, { room: 'blue' });
      response.once('close', () => destroyed.add('closed')).destroy(new Error('a mistake'));
    });
    const { status, client } = await server.request('/blue');
    expect(status).toBe(101);
    await destroyed.until('closed');
    client.send(clientFrame(0x81, 'hi'));
    expect(await client.text()).toBe('blue: hi');
  });

  it('a hook that throws in writeHead gets the client a 500', async () => {
    const server = await RoutedServer.start((request, response, container) => {
      response.writeHead = () => {
        throw new Error('a mistake');
      };
      return upgradeToRoom(request, response, container);
    });
    expect((await server.request('/blue')).status).toBe(500);
    expect(server.log.entries.join()).toContain('a mistake');
  });

  it.each<[string, HandshakeMiddleware]>([
    ['before', (_request, response) => void response.destroy(new Error('a mistake'))],
    [
      'after',
      (_request, response, next) => {
        next();
        response.destroy(new Error('a mistake'));
      },
    ],
  ])('middleware that destroys the response %s next() does not end the process', async (when, middleware) => {
    const server = await RoutedServer.start(upgradeToRoom, { handshakeMiddleware: [middleware] });
    expect([500, when === 'after' ? 101 : 500]).toContain((await server.request('/blue')).status);
  });

  it('reads the frames that arrived with the request', async () => {
    const server = await RoutedServer.start(upgradeToRoom);
    const client = await connectTo(server.port);
    client.send(upgradeRequest('/blue'), clientFrame(0x81, 'early'));
    expect((await client.response()).status).toBe(101);
    expect(await client.text()).toBe('blue: early');
  });

  it('upgrades to an annotated class, with the segments of a wildcard', async () => {
    @ServerEndpoint('/{path}')
    class Files {
      @OnMessage say(_text: string, @PathParam('path') path: string): string {
        return path;
      }
    }
    const server = await RoutedServer.start((request, response, container) =>
      container.upgradeHttpToWebSocket(request, response, Files, { path: ['a', 'b'], other: undefined }),
    );
    const { client } = await server.request('/files/a/b');
    client.send(clientFrame(0x81, '?'));
    expect(await client.text()).toBe('a/b');
  });

  it('the request has ended, so that body parsers continue', async () => {
    const server = await RoutedServer.start(async (request, response, container) => {
      let bytes = 0;
      for await (const chunk of request) bytes += (chunk as Buffer).length;
      response.setHeader('X-Body', String(bytes));
      await upgradeToRoom(request, response, container);
    });
    const { status, headers } = await server.request('/blue');
    expect(status).toBe(101);
    expect(headers.get('x-body')).toEqual(['0']);
  });

  it('sends the headers of the response with the 101, and runs the hooks of middleware', async () => {
    const server = await RoutedServer.start(async (request, response, container) => {
      const { writeHead } = response;
      // As on-headers does, with which express-session and compression set their headers.
      response.writeHead = (status: number) => {
        response.setHeader('Set-Cookie', ['a=1', 'b=2']);
        return writeHead.call(response, status);
      };
      response.setHeader('X-Frame-Options', 'DENY');
      response.setHeader('Content-Length', '4');
      response.on('finish', () => server.log.add(`finish ${response.statusCode}`));
      await upgradeToRoom(request, response, container);
      server.log.add(`route ${response.writableEnded}`);
    });
    const { status, headers, client } = await server.request('/blue');
    expect(status).toBe(101);
    expect(headers.get('set-cookie')).toEqual(['a=1', 'b=2']);
    expect(headers.get('x-frame-options')).toEqual(['DENY']);
    expect(headers.get('connection')).toEqual(['Upgrade']);
    expect(headers.has('content-length')).toBe(false);
    await server.log.until('finish 101');
    await server.log.until('route true');
    client.send(clientFrame(0x81, 'hi'));
    expect(await client.text()).toBe('blue: hi');
  });

  it('a refusal goes through the response, with its headers', async () => {
    const server = await RoutedServer.start(
      async (request, response, container) => {
        response.setHeader('X-Request-Id', '7');
        await upgradeToRoom(request, response, container);
        server.log.add(`route ${response.statusCode} ${response.writableEnded}`);
      },
      { authenticate: () => Promise.reject(Object.assign(new Error('broken'), { code: 1 })) },
    );
    const { status, headers, body, client } = await server.request('/blue');
    expect([status, body]).toEqual([500, 'Internal Server Error\n']);
    expect(headers.get('x-request-id')).toEqual(['7']);
    expect(headers.get('connection')).toEqual(['close']);
    await client.end();
    await server.log.until('route 500 true');
  });

  it('a foreign origin is refused at a route too', async () => {
    const server = await RoutedServer.start(upgradeToRoom);
    expect((await server.request('/blue', { Origin: 'https://other.example' })).status).toBe(403);
  });

  it('another answer of the route is an ordinary response, and ends the connection', async () => {
    const server = await RoutedServer.start((_request, response) =>
      response.writeHead(401, { 'Content-Length': 5, 'WWW-Authenticate': 'Basic' }).end('who?\n'),
    );
    const { status, headers, body, client } = await server.request('/blue');
    expect([status, body]).toEqual([401, 'who?\n']);
    expect(headers.get('connection')).toEqual(['close']);
    expect(await client.end()).toBe('');
  });

  it('answers 503 when the route does not answer within handshakeTimeout', async () => {
    const server = await RoutedServer.start(() => undefined, { handshakeTimeout: 20 });
    const { status, headers, body, client } = await server.request('/blue');
    expect([status, body]).toEqual([503, 'The handshake took too long.\n']);
    expect(headers.get('retry-after')).toEqual(['1']);
    await client.end();
    await server.log.until(
      'warn The handshake for /blue was refused with 503: No route answered the request in time. ' +
        '(User code did not settle within handshakeTimeout.)',
    );
  });

  it('answers 503 at once when the container stops while a route works', async () => {
    const entered = new Gate();
    const server = await RoutedServer.start(() => entered.open(), { handshakeTimeout: 60_000 });
    const client = await connectTo(server.port);
    client.send(upgradeRequest('/blue'));
    await entered.promise;
    const stopping = server.container.stop();
    const { status, headers } = await client.response();
    expect([status, headers.get('retry-after')]).toEqual([503, ['5']]);
    await client.end();
    await stopping;
    await server.log.until(
      'warn The handshake for /blue was refused with 503: No route answered the request before the stop.',
    );
  });

  it('a route that works on after the 503 harms nothing, and learns why it cannot upgrade', async () => {
    const answered = new Gate();
    const finished = new Gate<unknown>();
    const server = await RoutedServer.start(
      async (request, response, container) => {
        await answered.promise;
        const error = await rejection(upgradeToRoom(request, response, container) as Promise<void>);
        response.writeHead(200, { 'Content-Type': 'text/plain' });
        response.end('late', () => finished.open(error));
      },
      { handshakeTimeout: 20 },
    );
    const { status, client } = await server.request('/blue');
    expect(status).toBe(503);
    expect(await client.end()).toBe('');
    answered.open();
    expect(await finished.promise).toMatchObject({
      name: 'IllegalStateException',
      message:
        'upgradeHttpToWebSocket came too late: the server answered this request with 503 after handshakeTimeout.',
    });
  });

  it('waits for the answers to earlier requests of the connection', async () => {
    const gate = new Gate();
    const server = await RoutedServer.start(async (request, response, container) => {
      if (request.headers.upgrade !== undefined) return upgradeToRoom(request, response, container);
      await gate.promise;
      return response.writeHead(200, { 'Content-Length': 4 }).end('page');
    });
    const client = await connectTo(server.port);
    client.send('GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n', upgradeRequest('/blue'));
    gate.open();
    expect((await client.response()).body).toBe('page');
    expect((await client.response()).status).toBe(101);
  });

  it('a plain request to the route gets 400, and keeps its connection', async () => {
    const server = await RoutedServer.start(upgradeToRoom);
    const client = await connectTo(server.port);
    const plain = 'GET /blue HTTP/1.1\r\nHost: localhost\r\n\r\n';
    client.send(plain);
    expect((await client.response()).body).toBe('The Upgrade header must name websocket.\n');
    client.send(plain);
    expect((await client.response()).status).toBe(400);
  });

  it('rejects when the server does not pass upgrades to routes', async () => {
    const outcomes = new Journal();
    const container = new ServerContainer({ logger: silent });
    const http = createServer((request, response) => {
      void container.upgradeHttpToWebSocket(request, response, room, {}).catch((error: Error) => {
        outcomes.add(`${error.name} ${error.message.includes('routeUpgrades: true')}`);
        response.writeHead(500, { 'Content-Length': 0 }).end();
      });
    });
    const client = await connectTo(await listen(http));
    client.send(upgradeRequest('/blue'));
    expect((await client.response()).status).toBe(500);
    await outcomes.until('IllegalStateException true');
  });

  it('a client that leaves while the route waits opens no session', async () => {
    const server = await RoutedServer.start(async (request, response, container) => {
      request.socket.destroy();
      await upgradeToRoom(request, response, container);
      server.log.add('over');
    });
    const client = await connectTo(server.port);
    client.send(upgradeRequest('/blue'));
    await client.end();
    await server.log.until('over');
    expect(server.container.getSessions().size).toBe(0);
  });

  it('a deployed endpoint comes before the routes, and other upgrade listeners get what is outside contextPath', async () => {
    const server = await RoutedServer.start(upgradeToRoom, { contextPath: '/ws' });
    server.container.endpoint('/echo', { onText: (text) => text });
    server.http.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 418 Mine\r\n\r\n'));
    const echo = await server.request('/ws/echo');
    echo.client.send(clientFrame(0x81, 'hi'));
    expect(await echo.client.text()).toBe('hi');
    const routed = await server.request('/ws/blue');
    routed.client.send(clientFrame(0x81, 'hi'));
    expect(await routed.client.text()).toBe('ws/blue: hi');
    expect((await server.request('/blue')).status).toBe(418);
  });

  it('rejects when the route has already answered, and when it upgrades twice', async () => {
    const outcomes = new Journal();
    const server = await RoutedServer.start(async (request, response, container) => {
      if (request.url === '/sent') response.end('sent');
      else await upgradeToRoom(request, response, container);
      const again = upgradeToRoom(request, response, container) as Promise<void>;
      await again.catch((error: Error) => outcomes.add(`${request.url} ${error.name}`));
    });
    await server.request('/sent');
    await outcomes.until('/sent IllegalStateException');
    await server.request('/twice');
    await outcomes.until('/twice IllegalStateException');
  });

  it('stop ends the sessions and refuses later upgrades of routes with 503', async () => {
    const server = await RoutedServer.start(upgradeToRoom);
    const { client } = await server.request('/blue');
    const stopped = server.container.stop();
    expect(await client.close()).toBe('1001 The server is stopping.');
    client.send(clientFrame(0x88, Buffer.from([0x03, 0xe9])));
    await stopped;
    expect((await server.request('/blue')).status).toBe(503);
  });

  it('runs container middleware after the route', async () => {
    const server = await RoutedServer.start(
      (request, response, container) => {
        response.setHeader('X-First', 'route');
        return upgradeToRoom(request, response, container);
      },
      { handshakeMiddleware: (_request, response, next) => (response.setHeader('X-Second', 'middleware'), next()) },
    );
    const { status, headers } = await server.request('/blue');
    expect(status).toBe(101);
    expect([headers.get('x-first'), headers.get('x-second')]).toEqual([['route'], ['middleware']]);
  });

  it('works in a Server with a requestListener', async () => {
    const listener: RequestListener = (request, response) => void upgradeToRoom(request, response, server.container);
    const server = new Server({ host: '127.0.0.1', routeUpgrades: true, requestListener: listener });
    await server.start();
    afterTest(() => server.stop({ grace: 1 }));
    const client = await connectTo(server.port);
    client.send(upgradeRequest('/blue'), clientFrame(0x81, 'hi'));
    expect((await client.response()).status).toBe(101);
    expect(await client.text()).toBe('blue: hi');
  });
});

describe('a host that writes its headers late', () => {
  const lately =
    (respond: (response: ServerResponse, answer: RouteAnswer) => unknown): Route =>
    (request, response, container) =>
      container.upgradeHttpToWebSocket(
        request,
        { response, respond: (answer: RouteAnswer) => respond(response, answer) },
        room,
        { room: 'late' },
      );

  it('adds the headers of its answer to the 101', async () => {
    const server = await RoutedServer.start(
      lately((response) =>
        setImmediate(() =>
          response
            .writeHead(200, { 'Set-Cookie': ['a=1', 'b=2'], 'Content-Type': 'text/plain', 'X-Late': 'yes' })
            .end(),
        ),
      ),
    );
    const { status, headers, client } = await server.request('/x');
    expect(status).toBe(101);
    expect(headers.get('set-cookie')).toEqual(['a=1', 'b=2']);
    expect(headers.get('x-late')).toEqual(['yes']);
    expect(headers.has('content-type')).toBe(false);
    client.send(clientFrame(0x81, 'hi'));
    expect(await client.text()).toBe('late: hi');
  });

  it('refuses with an answer from 300 on', async () => {
    const server = await RoutedServer.start(
      lately((response) => response.writeHead(500, { 'X-Late': 'yes' }).end('hook failed')),
    );
    const { status, headers, body } = await server.request('/x');
    expect([status, body, headers.get('x-late')]).toEqual([500, 'hook failed', ['yes']]);
  });

  it('gets 500 when it throws, and 503 when it does not answer in time', async () => {
    const thrown = await RoutedServer.start(
      lately(() => {
        throw new Error('no');
      }),
    );
    expect((await thrown.request('/x')).status).toBe(500);
    const silent = await RoutedServer.start(
      lately(() => undefined),
      { handshakeTimeout: 20 },
    );
    expect((await silent.request('/x')).status).toBe(503);
  });

  it('writes the refusals', async () => {
    const server = await RoutedServer.start(
      lately((response, { status, headers, body }) =>
        response.setHeader('X-Late', 'yes').writeHead(status, headers).end(body),
      ),
    );
    const { status, headers, body } = await server.request('/x', { Origin: 'https://other.example' });
    expect(status).toBe(403);
    expect(headers.get('x-late')).toEqual(['yes']);
    expect(body).toMatch(/^The origin https:\/\/other\.example may not/);
  });

  it('drops the connection when it cannot write a refusal', async () => {
    const server = await RoutedServer.start(lately(() => Promise.reject(new Error('no'))));
    const client = await connectTo(server.port);
    client.send(upgradeRequest('/x', { Origin: 'https://other.example' }));
    expect(await client.end()).toBe('');
  });
});
