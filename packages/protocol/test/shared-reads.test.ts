import { execFile } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Transport } from '@serval/api/spi';
import { clientFrame, RecordingListener } from '@serval/testing';
import { createNativeEngine } from '../src';
import { shareReads } from '../src/shared-reads';
import { runTrial, sharedReadsWork, trySharedReads } from '../src/shared-reads-trial';

// Every wait is for an event; the limit only ends a test that hangs, also on a busy machine.
jest.setTimeout(120_000);

/** Resources of the process that a trial uses. */
const openTcp = (): readonly string[] => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP'));

// The first test of the file: no engine has started the trial yet.
test("a connection that opens before the verdict reads by 'data' and changes to shared reads", async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const pair = async (): Promise<{ client: Socket; socket: Socket }> => {
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [socket] = await accepted;
    return { client, socket };
  };
  const [early, paused, late] = [await pair(), await pair(), await pair()];
  const engine = createNativeEngine();
  const open = ({ socket }: { socket: Socket }): { transport: Transport | undefined; listener: RecordingListener } => {
    const transport = engine.accept({
      socket,
      head: Buffer.alloc(0),
      key: 'dGhlIHNhbXBsZSBub25jZQ==',
      subprotocol: '',
      extensions: [],
      headers: [],
      isSecure: false,
      remoteAddress: undefined,
      maxMessageBytes: 100_000,
      closeTimeoutMs: 5000,
    });
    const listener = new RecordingListener();
    transport?.open(listener);
    return { transport, listener };
  };
  const first = open(early);
  const second = open(paused);
  first.transport?.resume();
  second.transport?.resume();
  // In the middle of a message.
  const message = clientFrame(0x81, 'x'.repeat(50_000));
  early.client.write(message.subarray(0, 30_000));
  await once(early.socket, 'data');
  second.transport?.pause();
  const readBy = (...all: { socket: Socket }[]): number[] => all.map(({ socket }) => socket.listenerCount('data'));
  expect(readBy(early, paused)).toEqual([1, 1]);
  expect(await trySharedReads()).toBe(true);
  const third = open(late);
  third.transport?.resume();
  expect(readBy(early, paused, late)).toEqual([0, 0, 0]);
  early.client.write(message.subarray(30_000));
  expect(await first.listener.until(1)).toEqual([{ kind: 'text', text: 'x'.repeat(50_000), last: true }]);
  for (const { client } of [paused, late]) client.write(clientFrame(0x81, 'hello'));
  expect(await third.listener.until(1)).toEqual([{ kind: 'text', text: 'hello', last: true }]);
  expect(second.listener.events).toEqual([]);
  second.transport?.resume();
  expect(await second.listener.until(1)).toEqual([{ kind: 'text', text: 'hello', last: true }]);
  for (const { client } of [early, paused, late]) client.destroy();
  server.close();
  await once(server, 'close');
});

describe('the trial', () => {
  test('finds that shared reads work on this Node', async () => {
    expect(await runTrial()).toBe(true);
  });

  test('leaves no socket open', async () => {
    await runTrial();
    // Node closes a handle in the turn after.
    await new Promise((resolve) => setImmediate(resolve));
    expect(openTcp()).toEqual([]);
  });

  test('fails if the members of a socket are missing', async () => {
    expect(await runTrial(() => false)).toBe(false);
  });

  test("fails if the socket emits 'data' although its reads are shared", async () => {
    expect(await runTrial(() => true)).toBe(false);
  });

  test('fails if the bytes are wrong', async () => {
    const shareWrongly: typeof shareReads = (socket, onRead) =>
      shareReads(socket, function (_buffer, length, mask) {
        onRead.call(this, Buffer.alloc(length), length, mask);
      });
    expect(await runTrial(shareWrongly)).toBe(false);
  });

  test('fails if bytes arrive while the socket is paused', async () => {
    const sharePaused: typeof shareReads = (socket, onRead) =>
      shareReads(socket, function (...read) {
        this.pause();
        onRead.call(this, ...read);
      });
    expect(await runTrial(sharePaused)).toBe(false);
  });

  test('fails if a member throws', async () => {
    const share = (): boolean => {
      throw new TypeError('useUserBuffer is not a function');
    };
    expect(await runTrial(share)).toBe(false);
  });

  test('fails at its time limit if nothing arrives', async () => {
    expect(await runTrial((socket) => shareReads(socket, () => undefined), 50)).toBe(false);
  });

  test('runs once per process and keeps its verdict', async () => {
    const first = trySharedReads();
    expect(trySharedReads()).toBe(first);
    expect(await first).toBe(sharedReadsWork());
  });

  test('does not listen with an http.Server, which Phusion Passenger would take for the application', async () => {
    const listen = jest.spyOn(http.Server.prototype, 'listen').mockImplementation(() => {
      throw new Error('http.Server.listen() was called more than once');
    });
    try {
      expect(await runTrial()).toBe(true);
      expect(listen).not.toHaveBeenCalled();
    } finally {
      listen.mockRestore();
    }
  });

  test('does not end a process that lacks the permission to use the network', async () => {
    const trial = JSON.stringify(join(__dirname, '../dist/shared-reads-trial.js'));
    const flag = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';
    const script = `require(${trial}).trySharedReads().then((works) => console.log(typeof works))`;
    const { stdout } = await promisify(execFile)(process.execPath, [flag, '--allow-fs-read=*', '-e', script]);
    expect(stdout).toBe('boolean\n');
  });

  test('works while a test replaces the timers', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
    try {
      expect(await runTrial()).toBe(true);
    } finally {
      jest.useRealTimers();
    }
  });

  test('does not keep the process alive', async () => {
    const trial = JSON.stringify(join(__dirname, '../dist/shared-reads-trial.js'));
    const script = `require(${trial}).trySharedReads(); process.on('exit', () => console.log('over'))`;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['-e', script]);
    expect([stdout, stderr]).toEqual(['over\n', '']);
  });
});
