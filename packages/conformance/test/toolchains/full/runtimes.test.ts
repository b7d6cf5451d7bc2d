import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { runTool } from '..';

// Runs the transport contract and the examples on each runtime. docs/guides/runtimes.md lists the gaps.

const TOOLS = join(__dirname, '..', 'tools');
const EXAMPLES = join(__dirname, '..', '..', '..', '..', '..', 'examples');
const LIMIT_MS = 120_000;
jest.setTimeout(2 * LIMIT_MS);

type Command = readonly [program: string, ...args: string[]];

const bin = (name: string, ...path: string[]): string => join(TOOLS, 'node_modules', name, ...path);
const NODES = join(__dirname, '../../../../../.config/nodes/node_modules');
const node = (major: number): string => join(NODES, `node${major}`, 'bin/node');
const RUNTIMES: readonly (readonly [string, Command])[] = [
  ['Node 22', [node(22)]],
  ['Node 24', [node(24)]],
  ['Node 26', [node(26)]],
  ['Bun', [bin('bun', 'bin', 'bun.exe')]],
  ['Deno', [bin('.bin', 'deno'), 'run', '-A', '--no-lock']],
];

/** Neither Bun nor Deno reports how much of a write is left. */
const MISSING: Readonly<Record<string, readonly string[]>> = {
  Bun: ['native: increases progress while the peer reads a message'],
  Deno: ['native: increases progress while the peer reads a message'],
};

describe.each(RUNTIMES)('%s', (name, [program, ...args]) => {
  test('fulfils the transport contract', async () => {
    const { code, output } = await runTool(program, [...args, 'contract.mjs'], { cwd: TOOLS, timeoutMs: LIMIT_MS });
    const failed = [...output.matchAll(/^FAILED (.*): [^:]*$/gm)].map(([, title]) => title);
    expect({ code, failed }).toEqual({ code: 0, failed: MISSING[name] ?? [] });
    expect(output.match(/^ok /gm)?.length).toBeGreaterThan(30);
  });

  test.each([
    'echo',
    'json-codec',
    'path-parameters',
    'programmatic',
    'configurator-auth',
    'adopt-websocket',
    'streams',
    'hosts/express',
    'hosts/fastify',
    'hosts/koa',
    'hosts/hono',
    'hosts/nestjs',
  ])('runs the example %s like Node', async (example) => {
    expect(await play([program, ...args], example)).toEqual(await play([process.execPath], example));
  });
});

/** The output of an example's client, with its server and client under one runtime. */
async function play([program, ...args]: Command, example: string): Promise<{ code?: number; lines: string[] }> {
  const folder = join(EXAMPLES, 'dist', example);
  const server = spawn(program, [...args, join(folder, 'server.js')], {
    cwd: EXAMPLES,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  const closed = once(server, 'close');
  try {
    const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
    const { protocol, port } = new URL(/wss?:\S+/.exec(line)?.[0] ?? '');
    const client = [...args, join(folder, 'client.js'), `${protocol}//127.0.0.1:${port}`];
    const { code, output } = await runTool(program, client, { cwd: EXAMPLES, timeoutMs: LIMIT_MS });
    return { ...(code !== undefined && { code }), lines: output.split('\n').map(shapeOf).sort() };
  } finally {
    server.kill('SIGINT');
    await closed;
  }
}

/** Without what differs from run to run: prices, digests of random bytes, and how runtimes print a Buffer. */
function shapeOf(line: string): string {
  return line
    .replace(/\d+\.\d+/g, 'n')
    .replace(/[0-9a-f]{64}/, 'digest')
    .replace(/<Buffer .*>|Buffer\(\d+\).*/, 'bytes');
}
