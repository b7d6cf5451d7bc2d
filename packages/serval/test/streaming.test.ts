import { createHash, randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { InputStream, OnMessage, Reader, Server, ServerEndpoint, Session } from 'serval';

/** Sizes of the parts that the endpoint of the present test received. */
let parts: number[] = [];

@ServerEndpoint('/upload')
class Upload {
  @OnMessage async hash(stream: InputStream): Promise<string> {
    const hash = createHash('sha256');
    for await (const chunk of stream) {
      parts.push(chunk.length);
      hash.update(chunk);
    }
    return hash.digest('hex');
  }
  @OnMessage async lines(reader: Reader, session: Session): Promise<void> {
    for (let line = await reader.readLine(); line !== null; line = await reader.readLine()) {
      await session.getBasicRemote().sendText(`line ${line}`);
    }
  }
}

@ServerEndpoint('/parts')
class Parts {
  private text = '';
  @OnMessage take(part: string, last: boolean): string | undefined {
    parts.push(part.length);
    this.text += part;
    return last ? this.text : undefined;
  }
}

let server: Server;
beforeAll(async () => {
  server = await new Server({ host: '127.0.0.1', endpoints: [Upload, Parts] }).start();
});
afterAll(() => server.stop());
beforeEach(() => {
  parts = [];
});

async function connect(path: string): Promise<{ client: WebSocket; next(): Promise<string> }> {
  const client = new WebSocket(`ws://127.0.0.1:${server.port}${path}`);
  const heard: string[] = [];
  let wake: (() => void) | undefined;
  client.on('message', (data: Buffer) => {
    heard.push(data.toString());
    wake?.();
  });
  await new Promise((resolve) => client.once('open', resolve));
  const next = async (): Promise<string> => {
    while (heard.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return heard.shift() ?? '';
  };
  return { client, next };
}

test('an InputStream receives one frame of 20 MB in parts, far above the buffer size of 8 KiB', async () => {
  const { client, next } = await connect('/upload');
  const data = randomBytes(20_000_000);
  client.send(data);
  expect(await next()).toBe(createHash('sha256').update(data).digest('hex'));
  expect(parts.length).toBeGreaterThan(100);
  expect(Math.max(...parts)).toBeLessThanOrEqual(65_536 * 2);
  client.close();
});

test('a Reader returns lines while their message is still arriving', async () => {
  const { client, next } = await connect('/upload');
  client.send('one\ntw', { fin: false });
  expect(await next()).toBe('line one');
  client.send('o\nthree', { fin: true });
  expect([await next(), await next()]).toEqual(['line two', 'line three']);
  client.close();
});

test('splits a text between characters, wherever its frames and packets are split', async () => {
  const { client, next } = await connect('/parts');
  const text = 'aä✓𝄞'.repeat(30_000);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 9_999) {
    client.send(bytes.subarray(at, at + 9_999), { binary: false, fin: at + 9_999 >= bytes.length });
  }
  expect(await next()).toBe(text);
  expect(parts.length).toBeGreaterThan(10);
  client.close();
});
