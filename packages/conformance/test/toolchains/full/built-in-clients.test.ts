import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { CloseReason, OnClose, OnMessage, Server, ServerEndpoint } from 'serval';
import { LOCALHOST } from '../../localhost';
import { runTool } from '..';

// The WebSocket that each runtime comes with, against a server that speaks HTTP/1.1 and HTTP/2 over TLS.

const TOOLS = join(__dirname, '..', 'tools');
jest.setTimeout(240_000);

const NODES = join(__dirname, '../../../../../.config/nodes/node_modules');
const bin = (name: string, ...path: string[]): string => join(TOOLS, 'node_modules', name, ...path);
const node = (major: number): string => join(NODES, `node${major}`, 'bin', 'node');
const RUNTIMES: readonly (readonly [name: string, http: string, program: string, ...args: string[]])[] = [
  ['Node 22', '1.1', node(22)],
  ['Node 24', '1.1', node(24)],
  ['Node 26', '2.0', node(26)],
  ['Bun', '1.1', bin('bun', 'bin', 'bun.exe')],
  // Deno takes no certificate that is its own authority.
  ['Deno', '1.1', bin('.bin', 'deno'), 'run', '-A', '--no-lock', '--unsafely-ignore-certificate-errors=localhost'],
];

const ends: string[] = [];

@ServerEndpoint({ value: '/echo', subprotocols: ['echo'] })
class Echo {
  @OnMessage text(text: string): string {
    return text;
  }
  @OnMessage({ maxMessageSize: 100_000 }) binary(data: Buffer): Buffer {
    return data;
  }
  @OnClose closed(reason: CloseReason): void {
    ends.push(`${reason.getCloseCode().getCode()} ${reason.getReasonPhrase()}`);
  }
}

test.each(RUNTIMES)('%s connects over HTTP/%s, echoes and closes', async (_name, http, program, ...args) => {
  const versions: string[] = [];
  const server = await new Server({
    host: '127.0.0.1',
    endpoints: [Echo],
    tls: { key: LOCALHOST.key, cert: LOCALHOST.cert },
    http2: true,
    authenticate: (request) => {
      // Node's request, of either version.
      versions.push((request.getNativeRequest() as IncomingMessage).httpVersion);
      return null;
    },
  }).start();
  try {
    const { code, output } = await runTool(
      program,
      [...args, 'built-in-client.mjs', `wss://localhost:${server.port}/echo`],
      { cwd: TOOLS, env: { NODE_EXTRA_CA_CERTS: LOCALHOST.certFile, NODE_NO_WARNINGS: '1' } },
    );
    // Deno warns about that flag.
    expect({ code, output: output.replace(/^.*DANGER: TLS.*\n/, '') }).toEqual({
      code: 0,
      output: 'hello\n70000 true\necho 4000 bye true\n',
    });
  } finally {
    await server.stop();
  }
  expect(versions).toEqual([http]);
  expect(ends.splice(0)).toEqual(['4000 bye']);
});
