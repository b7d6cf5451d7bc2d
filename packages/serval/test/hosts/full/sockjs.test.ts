import { createServer, type RequestListener, type Server } from 'node:http';
import { connect, createServer as createHttp2Server, type ClientHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { attach } from 'serval';
import { listen, loggerInto } from '../../../../server/test/test-server';
import { afterTest, Journal } from '../../../../testing/test/toolbox';

// Plain requests of SockJS reach the endpoint before the routes of a framework, and all others reach the routes.

const echo = { onText: (text: string): string => text, sockJs: { sessionCookieNeeded: false } };

const FRAMEWORKS: readonly (readonly [string, () => Server | Promise<Server>])[] = [
  [
    'Express',
    () => {
      const app = express();
      app.use(express.json(), express.text({ type: '*/*' }));
      app.all('/*path', (request, response) => void response.status(418).send(`route ${request.url}`));
      return createServer(app);
    },
  ],
  [
    'Fastify',
    async () => {
      const app = Fastify();
      app.all('/*', (request, reply) => reply.code(418).send(`route ${request.url}`));
      await app.ready();
      return app.server;
    },
  ],
  [
    'Koa',
    () => {
      const app = new Koa();
      app.use((context) => {
        context.status = 418;
        context.body = `route ${context.url}`;
      });
      return createServer(app.callback() as RequestListener);
    },
  ],
  [
    'Hono',
    () => {
      const app = new Hono();
      app.all('*', (context) => context.text(`route ${new URL(context.req.url).pathname}`, 418));
      return createServer(getRequestListener(app.fetch) as RequestListener);
    },
  ],
];

test.each(FRAMEWORKS)('%s', async (_name, create) => {
  const server = await create();
  const container = attach(server, { logger: loggerInto(new Journal()) });
  container.endpoint('/chat/{room}', echo);
  const port = await listen(server);
  afterTest(() => container.stop({ grace: 1 }));
  const ask = async (method: string, path: string, body?: string): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, ...(body !== undefined && { body }) });
    return `${response.status} ${await response.text()}`;
  };
  expect(await ask('GET', '/chat/a')).toBe('200 Welcome to SockJS!\n');
  expect(await ask('POST', '/chat/a/0/one/xhr', '')).toBe('200 o\n');
  expect(await ask('POST', '/chat/a/0/one/xhr_send', '["hi"]')).toBe('204 ');
  expect(await ask('POST', '/chat/a/0/one/xhr', '')).toBe('200 a["hi"]\n');
  // The routes keep everything else, also below the endpoint's path.
  expect(await ask('POST', '/chat/a', '')).toBe('418 route /chat/a');
  expect(await ask('GET', '/chat/a/members')).toBe('418 route /chat/a/members');
  expect(await ask('GET', '/chat/a/0/one/xhr/more')).toBe('418 route /chat/a/0/one/xhr/more');
  expect(await ask('GET', '/chat')).toBe('418 route /chat');
});

test('HTTP/2', async () => {
  const server = createHttp2Server((request, response) => {
    response.writeHead(418);
    response.end(`route ${request.url}`);
  });
  const container = attach(server, { logger: loggerInto(new Journal()) });
  container.endpoint('/chat/{room}', echo);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  afterTest(async () => {
    client.destroy();
    await container.stop({ grace: 1 });
    await new Promise((resolve) => server.close(resolve));
  });
  const open = (method: string, path: string, body = ''): ClientHttp2Stream => {
    const stream = client.request({ ':method': method, ':path': path }, { endStream: false });
    stream.setEncoding('utf8');
    stream.end(body);
    return stream;
  };
  const ask = async (method: string, path: string, body?: string): Promise<string> => {
    const stream = open(method, path, body);
    const status = new Promise((resolve) => stream.on('response', (headers) => resolve(headers[':status'])));
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    return `${String(await status)} ${text}`;
  };
  expect(await ask('POST', '/chat/a/0/one/xhr')).toBe('200 o\n');
  expect(await ask('POST', '/chat/a/0/one/xhr_send', '["hi"]')).toBe('204 ');
  expect(await ask('POST', '/chat/a/0/one/xhr')).toBe('200 a["hi"]\n');
  expect(await ask('POST', '/chat/a/0/none/xhr_send', '["hi"]')).toBe('404 Not found.\n');
  expect(await ask('GET', '/chat/a/members')).toBe('418 route /chat/a/members');

  const stream = open('POST', '/chat/a/0/two/xhr_streaming');
  const received = new Journal();
  stream.on('data', (chunk: string) => chunk.split('\n').forEach((line) => received.add(line)));
  await received.until('o');
  expect(await ask('POST', '/chat/a/0/two/xhr_send', '["one"]')).toBe('204 ');
  await received.until('a["one"]');
  stream.close();
  // The server has seen the end once a further request gets 1002.
  let frame = '';
  while (!frame.includes('c[1002')) frame = await ask('POST', '/chat/a/0/two/xhr_streaming');
});
