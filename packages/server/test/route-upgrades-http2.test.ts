import { createServer as createHttp2Server } from 'node:http2';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterTest, Gate, Journal } from '../../testing/test/toolbox';
import { endpoint } from '../src/function-endpoint';
import { attach } from '../src/http-host';
import type { ServerContainer } from '../src/server-container';
import { connectHttp2, Http2Client } from './http2-client';
import { clientFrame } from './raw-connection';
import { loggerInto } from './test-server';

const room = endpoint('/{room}', { onText: (text, session) => `${session.params.room}: ${text}` });

type Route = (request: IncomingMessage, response: ServerResponse, container: ServerContainer) => unknown;

/** An HTTP/2 server whose request listener is the route. */
async function serve(route: Route, options: object = {}) {
  const log = new Journal();
  const http = createHttp2Server((request, response) => {
    // The compatibility objects, or those of a routed upgrade, work like those of node:http.
    void route(request as unknown as IncomingMessage, response as unknown as ServerResponse, container);
  });
  const container = attach(http, { routeUpgrades: true, logger: loggerInto(log), ...options });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  afterTest(() => new Promise((resolve) => http.close(resolve)));
  afterTest(() => container.stop({ grace: 1 }));
  const connection = await connectHttp2(port);
  return {
    container,
    log,
    connection,
    ask: (path: string, headers = {}) => Http2Client.request(connection, path, headers),
  };
}

const upgradeToRoom: Route = (request, response, container) =>
  container.upgradeHttpToWebSocket(request, response, room, { room: request.url?.slice(1) });

describe('with routeUpgrades, an extended CONNECT over HTTP/2', () => {
  it('reaches the request listener as a GET, which upgrades it', async () => {
    let seen: unknown;
    const { ask } = await serve((request, response, container) => {
      seen = [request.method, request.url, request.httpVersion];
      response.setHeader('X-Trail', ['a', 'b']);
      return upgradeToRoom(request, response, container);
    });
    const client = ask('/blue');
    expect(await client.status()).toBe(200);
    expect(seen).toEqual(['GET', '/blue', '2.0']);
    expect(client.headers?.['x-trail']).toBe('a, b');
    client.send(clientFrame(0x81, 'hi'));
    expect(await client.text()).toBe('blue: hi');
  });

  it('lets a host that writes its headers late add them', async () => {
    const { ask } = await serve((request, response, container) => {
      const respond = ({ status }: { status: number }) => response.writeHead(status, { 'X-Late': '1' }).end();
      return container.upgradeHttpToWebSocket(request, { response, respond }, room, { room: 'late' });
    });
    const client = ask('/x');
    expect([await client.status(), client.headers?.['x-late']]).toEqual([200, '1']);
  });

  it.each<[string, Route, number, string]>([
    ['a status', (_request, response) => response.writeHead(401, { 'X-Why': 'no user' }).end('who?'), 401, 'who?'],
    ['200, which would accept the WebSocket', (_request, response) => response.end('a page'), 404, 'No WebSocket'],
    ['204', (_request, response) => response.writeHead(204).end(), 404, 'No WebSocket'],
    ['more than a megabyte', (_request, response) => response.writeHead(500).end(Buffer.alloc(2 ** 21, 65)), 500, ''],
  ])('is refused when the listener answers with %s', async (_title, route, status, body) => {
    const { ask, container } = await serve(route);
    const client = ask('/blue');
    expect(await client.status()).toBe(status);
    const text = await client.body();
    expect(body === '' ? text : text.slice(0, 200)).toContain(body);
    if (body === '') expect(text).toBe('');
    expect(container.getSessions().size).toBe(0);
  });

  it('is refused by the container through the response of the route', async () => {
    const { ask } = await serve((request, response, container) => {
      response.setHeader('X-Trail', 'first');
      return upgradeToRoom(request, response, container);
    });
    const client = ask('/blue', { origin: 'https://other.example' });
    expect([await client.status(), client.headers?.['x-trail']]).toEqual([403, 'first']);
    expect(await client.body()).toContain('https://other.example');
  });

  it('ends when the listener destroys the response', async () => {
    const { ask } = await serve((_request, response) => response.destroy());
    await ask('/blue').closed();
  });

  it('gets 503 when the listener does not answer in time, and a later answer changes nothing', async () => {
    const late = new Gate();
    const { ask, log } = await serve(
      async (_request, response) => {
        await late.promise;
        response.end('too late');
      },
      { handshakeTimeout: 20 },
    );
    const client = ask('/blue?token=1');
    expect([await client.status(), await client.body()]).toEqual([503, 'The handshake took too long.\n']);
    late.open();
    await log.until(
      'warn The handshake for /blue was refused with 503: No route answered the request in time. (User code did not settle within handshakeTimeout.)',
    );
  });

  it('gets 503 when the container stops first', async () => {
    const asked = new Gate();
    const { ask, container } = await serve(() => asked.open());
    const client = ask('/blue');
    await asked.promise;
    await container.stop({ grace: 1 });
    expect(await client.status()).toBe(503);
  });

  it('is over when the client has left', async () => {
    const asked = new Gate();
    const left = new Gate();
    const { ask, container, connection } = await serve(async (request, response) => {
      asked.open();
      await left.promise;
      await upgradeToRoom(request, response, container);
    });
    const client = ask('/blue');
    await asked.promise;
    client.stream.destroy();
    await new Promise((resolve) => connection.ping(resolve));
    left.open();
    const other = Http2Client.request(connection, '/green');
    expect(await other.status()).toBe(200);
    expect(container.getSessions().size).toBe(1);
  });

  it('stays with the endpoint at its path, and outside of the context path with nobody', async () => {
    const { ask, container } = await serve(upgradeToRoom, { contextPath: '/ws' });
    container.endpoint('/chat', { onText: () => 'deployed' });
    const client = ask('/ws/chat');
    expect(await client.status()).toBe(200);
    client.send(clientFrame(0x81, 'hi'));
    expect(await client.text()).toBe('deployed');
    expect(await ask('/elsewhere').status()).toBe(404);
  });
});
