import { WebSocket } from 'ws';
import { afterTest } from '../../../testing/test/toolbox';
import { ProtocolServer } from './protocol-server';

// SockJS 0.3.3, "Raw WebSocket url: /websocket".

function open(server: ProtocolServer, path: string): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`);
  socket.on('error', () => undefined);
  afterTest(() => socket.terminate());
  return socket;
}

test('carries messages without frames, also binary ones', async () => {
  const server = await ProtocolServer.start();
  const socket = open(server, '/echo/websocket');
  const answer = new Promise((resolve) => socket.on('message', (data: Buffer) => resolve(data.toString())));
  socket.on('open', () => socket.send('Hello world!\uffff'));
  expect(await answer).toBe('Hello world!\uffff');
});

test('shows the code and reason of a close', async () => {
  const server = await ProtocolServer.start();
  const socket = open(server, '/close/websocket');
  const closed = new Promise((resolve) =>
    socket.on('close', (code, reason) => resolve(`${code} ${reason.toString()}`)),
  );
  expect(await closed).toBe('3000 Go away!');
});

test('a request that is no upgrade is 400, and 405 by POST', async () => {
  const server = await ProtocolServer.start();
  expect((await server.get('/echo/websocket')).status).toBe(400);
  expect((await server.post('/echo/websocket')).status).toBe(405);
  expect((await server.get('/disabled_websocket_echo/websocket')).status).toBe(404);
});
