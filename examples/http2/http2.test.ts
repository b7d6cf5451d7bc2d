import { connect, type ClientHttp2Session } from 'node:http2';
import { selfSignedCertificate } from '../certificate';
import { TestClient } from '../test-client';
import { start } from './server';

const tls = selfSignedCertificate();
let server: Awaited<ReturnType<typeof start>>;

beforeEach(async () => (server = await start(0, tls)));
afterEach(() => server.stop());

test('an HTTP/2 client opens a WebSocket on a stream', async () => {
  const session: ClientHttp2Session = connect(`https://localhost:${server.port}`, { ca: tls.cert });
  await new Promise((resolve) => session.once('remoteSettings', resolve));
  const stream = session.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':path': '/route',
    'sec-websocket-version': '13',
  });
  const [headers] = await new Promise<[Record<string, unknown>]>((resolve) =>
    stream.once('response', (...answer) => resolve([answer[0]])),
  );
  expect(headers[':status']).toBe(200);
  const frame = await new Promise<Buffer>((resolve) => stream.once('data', resolve));
  expect(frame.subarray(2).toString()).toMatch(/^HTTP\/2\.0, from port \d+$/);
  session.destroy();
});

test('an HTTP/1.1 client opens one on the same port', async () => {
  const client = await TestClient.open(`wss://localhost:${server.port}/route`, [], { ca: tls.cert });
  expect(await client.next()).toMatch(/^HTTP\/1\.1, from port \d+$/);
  await client.close();
});
