import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  CloseReason,
  HandshakeRejection,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  PathParam,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
  type HandshakeRequest,
  type HandshakeResponse,
} from '@serval/api';
import { TestServer } from '../src';

class Guard extends ServerEndpointConfig.Configurator {
  override modifyHandshake(
    _config: ServerEndpointConfig,
    request: HandshakeRequest,
    response: HandshakeResponse,
  ): void {
    const token = request.getParameterMap().get('token')?.[0];
    if (token === undefined) throw new HandshakeRejection(401, { headers: { 'WWW-Authenticate': 'Bearer' } });
    if (token === 'old') throw HandshakeRejection.closeWith(new CloseReason(4401, 'token expired'));
    response.getHeaders().set('X-Token', [token]);
  }
}

@ServerEndpoint({ value: '/chat/{room}', configurator: Guard, subprotocols: ['v1', 'v2'] })
class Chat {
  @OnOpen open(session: Session, @PathParam('room') room: string): Promise<void> {
    return session.getBasicRemote().sendText(`welcome to ${room} at ${session.getRemoteAddress()}`);
  }
  @OnMessage text(text: string, session: Session): string | Promise<string> {
    if (text === 'idle') session.setMaxIdleTimeout(60_000);
    return `you said ${text}`;
  }
  @OnMessage binary(bytes: Buffer): Buffer {
    return bytes;
  }
  @OnClose left(reason: CloseReason): void {
    lastClose = reason.getCloseCode().getCode();
  }
  @OnError failed(_cause: Error): void {}
}

let lastClose: number | undefined;

test('completes a handshake, sends messages both ways, and closes', async () => {
  const server = new TestServer({ endpoints: [Chat] });
  const ann = await server.connect('/chat/red?token=t', { subprotocols: ['v2'], remoteAddress: '10.0.0.7' });
  expect([ann.subprotocol, ann.headers]).toEqual(['v2', [['X-Token', 't']]]);
  expect(await ann.receive()).toBe('welcome to red at 10.0.0.7');
  ann.send('hello').send(Uint8Array.of(1, 2)).sendParts('in ', 'parts');
  expect([await ann.receive(), await ann.receive(), await ann.receive()]).toEqual([
    'you said hello',
    Buffer.from([1, 2]),
    'you said in parts',
  ]);
  expect(server.sessions.size).toBe(1);
  expect(await ann.close(4000, 'bye')).toEqual({ code: 4000, reason: 'bye' });
  await expect(ann.receive()).rejects.toThrow('Expected a message, but the session closed with 4000 bye.');
  await server.stop();
  expect(lastClose).toBe(4000);
});

test('reports a refusal with status, headers and body, and closeWith as a close', async () => {
  const server = new TestServer({ endpoints: [Chat] });
  await expect(server.connect('/chat/red')).rejects.toMatchObject({
    name: 'HandshakeRefused',
    status: 401,
    headers: expect.objectContaining({}),
  });
  const refusal: unknown = await server.connect('/chat/red').catch((error: unknown) => error);
  expect((refusal as { headers: Map<string, string> }).headers.get('www-authenticate')).toBe('Bearer');
  await expect(server.connect('/nowhere')).rejects.toMatchObject({ status: 404 });
  await expect(
    server.connect('/chat/red?token=t', { headers: { Origin: 'https://elsewhere.example' } }),
  ).rejects.toMatchObject({ status: 403 });
  const expired = await server.connect('/chat/red?token=old');
  expect(await expired.closed()).toEqual({ code: 4401, reason: 'token expired' });
  await server.stop();
});

test('timeouts follow the fake clock', async () => {
  jest.useFakeTimers();
  try {
    const server = new TestServer({ endpoints: [Chat] });
    const ann = await server.connect('/chat/red?token=t');
    await ann.receive();
    ann.send('idle');
    await ann.receive();
    jest.advanceTimersByTime(59_000);
    ann.send('still here');
    expect(await ann.receive()).toBe('you said still here');
    jest.advanceTimersByTime(61_000);
    expect((await ann.closed()).code).toBe(1001);
    const stopped = server.stop();
    jest.advanceTimersByTime(10_000);
    await stopped;
  } finally {
    jest.useRealTimers();
  }
});

test('works under node:test with the compiled package', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'serval-testing-'));
  try {
    await symlink(join(__dirname, '../node_modules'), join(directory, 'node_modules'));
    await writeFile(
      join(directory, 'echo.test.cjs'),
      `const { test } = require('node:test');
       const assert = require('node:assert/strict');
       const { Endpoint, ServerEndpointConfig } = require('@serval/api');
       const { TestServer } = require(${JSON.stringify(join(__dirname, '../dist'))});
       class Echo extends Endpoint {
         onOpen(session) { session.addMessageHandler((text) => session.getBasicRemote().sendText(text)); session.setMaxIdleTimeout(30000); }
       }
       test('echoes, and closes when idle', async (context) => {
         context.mock.timers.enable({ apis: ['setInterval', 'setTimeout', 'Date'] });
         const server = new TestServer({ endpoints: [ServerEndpointConfig.Builder.create(Echo, '/echo').build()] });
         const peer = await server.connect('/echo');
         assert.equal(await peer.send('hello').receive(), 'hello');
         context.mock.timers.tick(29_000);
         assert.equal(await peer.send('still here').receive(), 'still here');
         context.mock.timers.tick(31_000);
         assert.equal((await peer.closed()).code, 1001);
         const stopped = server.stop();
         context.mock.timers.tick(10_000);
         await stopped;
       });`,
    );
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--test', '--test-reporter=tap', join(directory, 'echo.test.cjs')],
      // node:test does nothing for a process that believes to be a test of another runner.
      { env: { ...process.env, NODE_TEST_CONTEXT: undefined, NODE_OPTIONS: undefined } },
    );
    expect(stdout).toContain('# pass 1');
  } finally {
    await rm(directory, { recursive: true });
  }
});
