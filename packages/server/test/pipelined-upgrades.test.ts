import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { OnMessage, ServerEndpoint, ServerEndpointConfig } from '@serval/api';
import { attach } from '../src/http-host';
import { ServerContainer } from '../src/server-container';
import { clientFrame, upgradeRequest } from './raw-connection';
import { connectTo, listen, loggerInto, TestServer } from './test-server';
import { afterTest, Gate, Journal, turn } from '../../testing/test/toolbox';

@ServerEndpoint('/chat')
class Chat {
  @OnMessage say(text: string): string {
    return `you said ${text}`;
  }
}

const fixture = (part: string): Buffer => readFileSync(join(__dirname, `fixtures/localhost.test-${part}.pem`));
const PAGE = 'GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** A server that answers pages on request of the test. */
async function pageServer(isSecure = false) {
  const pages: ServerResponse[] = [];
  const asked = new Gate();
  const listener = (_request: IncomingMessage, response: ServerResponse): void => {
    if (pages.push(response) === 1) asked.open();
  };
  const http = isSecure
    ? createSecureServer({ key: fixture('key'), cert: fixture('cert') }, listener)
    : createServer(listener);
  const container = attach(http, { logger: loggerInto(new Journal()) });
  container.addEndpoint(Chat);
  afterTest(() => container.stop({ grace: 1 }));
  const upgraded = new Gate();
  http.on('upgrade', () => upgraded.open());
  const port = await listen(http);
  const client = await connectTo(port, isSecure ? { ca: fixture('cert') } : undefined);
  return { http, container, client, pages, asked, upgraded };
}

describe('RFC 9112 9.3.2: an upgrade pipelined after a request', () => {
  test.each([false, true])('is answered after that request (TLS: %s)', async (isSecure) => {
    const { client, pages, asked } = await pageServer(isSecure);
    client.send(PAGE, upgradeRequest('/chat'), clientFrame(0x81, 'early'));
    await asked.promise;
    await turn();
    pages[0]?.writeHead(200, { 'Content-Length': '8' });
    pages[0]?.write('two ');
    await turn();
    pages[0]?.end('part');
    expect(await client.response()).toMatchObject({ status: 200, body: 'two part' });
    expect((await client.response()).status).toBe(101);
    expect(await client.text()).toBe('you said early');
  });

  test('waits for all of several requests', async () => {
    const { client, pages, asked } = await pageServer();
    client.send(PAGE, PAGE, PAGE, upgradeRequest('/chat'));
    await asked.promise;
    await turn();
    // Answers the last one first; Node keeps it until its turn.
    for (const [index, page] of pages.entries()) page.setHeader('X-Page', index);
    for (const page of [...pages].reverse()) page.end('page');
    for (const index of [0, 1, 2]) expect((await client.response()).headers.get('x-page')).toEqual([String(index)]);
    expect((await client.response()).status).toBe(101);
  });

  test('does not stall a large page that is streamed before it', async () => {
    const { client, pages, asked } = await pageServer();
    client.send(PAGE, upgradeRequest('/chat'));
    await asked.promise;
    const [page] = pages;
    const size = 8 * 1024 * 1024;
    page?.writeHead(200, { 'Content-Length': String(size) });
    for (let sent = 0; sent < size; sent += 65_536) {
      if (page?.write(Buffer.alloc(65_536, 'x')) === false)
        await new Promise<void>((resolve) => page.once('drain', resolve));
    }
    page?.end();
    expect((await client.response()).body).toHaveLength(size);
    expect((await client.response()).status).toBe(101);
  });

  test('is refused in its turn', async () => {
    const { client, pages, asked } = await pageServer();
    client.send(PAGE, upgradeRequest('/chat', { 'Sec-WebSocket-Version': '8' }));
    await asked.promise;
    await turn();
    pages[0]?.end('page');
    expect((await client.response()).body).toBe('page');
    expect((await client.response()).status).toBe(426);
  });

  test('at a path without an endpoint is refused in its turn', async () => {
    const http = createServer((_request, response) => void setImmediate(() => response.end('page')));
    attach(http);
    const client = await connectTo(await listen(http));
    client.send(PAGE, upgradeRequest('/nowhere'));
    expect((await client.response()).body).toBe('page');
    expect((await client.response()).status).toBe(404);
  });

  test('is not answered if that request ends the connection', async () => {
    const { client, pages, asked, container } = await pageServer();
    client.send(PAGE, upgradeRequest('/chat'));
    await asked.promise;
    pages[0]?.setHeader('Connection', 'close');
    pages[0]?.end('page');
    expect((await client.response()).body).toBe('page');
    expect(await client.end()).toBe('');
    expect(container.getSessions().size).toBe(0);
  });

  test('is refused after it when the container stops', async () => {
    const { client, pages, asked, container } = await pageServer();
    client.send(PAGE, upgradeRequest('/chat'));
    await asked.promise;
    await turn();
    await container.stop();
    pages[0]?.end('page');
    expect((await client.response()).body).toBe('page');
    expect((await client.response()).status).toBe(503);
  });

  test('passed by the application also waits', async () => {
    const pages: ServerResponse[] = [];
    const http = createServer((_request, response) => void pages.push(response));
    const container = new ServerContainer({ logger: loggerInto(new Journal()) });
    afterTest(() => container.stop({ grace: 1 }));
    const config = ServerEndpointConfig.Builder.create(Chat, '/any').build();
    http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      void container.upgradeHttpToWebSocket(request, { socket, head }, config);
      setImmediate(() => pages[0]?.end('page'));
    });
    const client = await connectTo(await listen(http));
    client.send(PAGE, upgradeRequest('/x'));
    expect((await client.response()).body).toBe('page');
    expect((await client.response()).status).toBe(101);
  });
});

describe('an upgrade request with a body', () => {
  test.each<[string, Readonly<Record<string, string>>, string]>([
    ['of a length', { 'Content-Length': '5' }, 'hello'],
    ['that has not come yet', { 'Content-Length': '500000' }, ''],
    ['in chunks', { 'Transfer-Encoding': 'chunked' }, '5\r\nhello\r\n0\r\n\r\n'],
    ['in no chunks', { 'Transfer-Encoding': 'chunked' }, '0\r\n\r\n'],
  ])('%s is refused with 400, and its bytes are not read as frames', async (_what, headers, body) => {
    const server = await TestServer.start({}, Chat);
    const client = await server.connect();
    client.send(upgradeRequest('/chat', headers), body, clientFrame(0x81, 'hi'));
    expect(await client.response()).toMatchObject({
      status: 400,
      body: 'A request that opens a WebSocket has no body.\n',
    });
    expect(await client.end()).toBe('');
    expect(server.container.getSessions().size).toBe(0);
  });

  test.each(['0', '00'])('with the length %s, as the JDK’s client sends, has no body', async (length) => {
    const server = await TestServer.start({}, Chat);
    const client = await server.connect();
    client.send(upgradeRequest('/chat', { 'Content-Length': length }), clientFrame(0x81, 'hi'));
    expect((await client.response()).status).toBe(101);
    expect(await client.text()).toBe('you said hi');
  });
});
