import { createHash } from 'node:crypto';
import { TestServer } from 'serval/testing';
import { TestClient } from '../test-client';
import { Download, start, Totals, Upload } from './server';

const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

describe('in parts as they arrive', () => {
  const server = new TestServer({ endpoints: [Upload, Download, Totals] });
  afterAll(() => server.stop());

  test('streams reads an upload while it is still arriving', async () => {
    const peer = await server.connect('/upload');
    peer.transport.sendBinary(Buffer.alloc(100_000, 1), false);
    expect(await peer.receive()).toBe('reading');
    peer.transport.sendBinary(Buffer.alloc(100_000, 2), true);
    const whole = Buffer.concat([Buffer.alloc(100_000, 1), Buffer.alloc(100_000, 2)]);
    expect(await peer.receive()).toBe(`200000 bytes, sha256 ${sha256(whole)}`);
    await peer.close(1000);
  });

  test('streams produces a download only as fast as the client reads', async () => {
    const peer = await server.connect('/download/10000000');
    peer.received.binaryRule = { inParts: true, maxBytes: 0 };
    peer.pause();
    for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    const [session] = server.sessions;
    // WsSession reports how much waits in its transport.
    const { transport } = session as unknown as { transport: { bufferedBytes: number } };
    expect(transport.bufferedBytes).toBeLessThan(100_000);
    peer.resume();
    expect(await peer.closed()).toEqual({ code: 1000, reason: '' });
    const bytes = peer.received.events.map((event) => (event.kind === 'binary' ? event.hex.length / 2 : 0));
    expect(bytes.reduce((sum, length) => sum + length)).toBe(10_000_000);
  });

  test('streams reads lines that parts split', async () => {
    const peer = await server.connect('/totals');
    peer.sendParts('ann,3\nbo', 'b,5\nann,', '4');
    expect(await peer.receive()).toBe('ann,7\nbob,5\n');
    await peer.close(1000);
  });
});

describe('over the network', () => {
  let server: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => (server = await start(0)));
  afterAll(() => server.stop());
  const open = (path: string): Promise<TestClient> => TestClient.open(`ws://127.0.0.1:${server.port}${path}`);

  test('streams accepts uploads above the limit for whole messages', async () => {
    const client = await open('/upload');
    const file = Buffer.alloc(3_000_000, 'serval');
    client.send(file);
    expect(await client.next()).toBe('reading');
    expect(await client.next()).toBe(`3000000 bytes, sha256 ${sha256(file)}`);
    client.send(Buffer.alloc(0));
    expect(await client.next()).toBe(`0 bytes, sha256 ${sha256(Buffer.alloc(0))}`);
    await client.close();
  });

  test.each([0, 1, 16_384, 1_000_000])('streams sends a download of %d bytes as one message', async (bytes) => {
    const client = await open(`/download/${bytes}`);
    if (bytes > 0) expect(await client.next()).toHaveLength(bytes);
    expect(await client.closed).toBe('1000');
  });

  test('streams adds up lines', async () => {
    const client = await open('/totals');
    client.send('ann,3\nbob,5\nann,4\n'.repeat(5000));
    expect(await client.next()).toBe('ann,35000\nbob,25000\n');
    await client.close();
  });
});
