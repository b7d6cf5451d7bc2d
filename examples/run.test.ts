import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { someOf } from '../packages/testing/test/toolbox';

// The script behind `npm run example`, on the output that `npm test` compiled.
const RUN = join(__dirname, 'run.mjs');
const README = readFileSync(join(__dirname, 'README.md'), 'utf8');
const NAMES = [...README.matchAll(/^\| \[[^\]]+\]\(([^)]+)\) \|/gm)].map(([, folder = '']) => folder).sort();
/** These run only in a browser. */
const PAGES = NAMES.filter((name) => ['chat', 'observability'].includes(name) || /^(ported|services)\//.test(name));

type Child = ChildProcessByStdio<null, Readable, Readable>;
const children: Child[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGTERM');
});

function run(...args: string[]): Child {
  const env = { ...process.env, PORT: '0' };
  const child = spawn(process.execPath, [RUN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return child;
}

interface Outcome {
  readonly code: number | null;
  readonly lines: string[];
  readonly errors: string;
}

async function outcome(child: Child): Promise<Outcome> {
  const lines: string[] = [];
  let errors = '';
  createInterface(child.stdout).on('line', (line) => lines.push(line));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, lines, errors };
}

const UNKNOWN = ['', 'nothing', 'echo nothing', '../packages', 'ported', 'ported/../echo', 'dist/echo', 'chat client'];

test.each(someOf(3, UNKNOWN))(
  'npm run example lists the examples of the README for the arguments "%s"',
  async (args) => {
    const { code, errors } = await outcome(run(...args.split(' ').filter(Boolean)));
    expect(code).toBe(1);
    expect([...errors.matchAll(/^ {2}(\S+)/gm)].map(([, name]) => name)).toEqual(NAMES);
  },
);

const CONVERSATIONS: Record<string, (string | RegExp)[]> = {
  sockjs: ['hello over websocket', 'hello over xhr-polling'],
  echo: ['hello', '<Buffer 01 02 03>'],
  'adopt-websocket': ['Ann enters the auction of lot 7', 'Ann bids 120'],
  'json-codec': [
    '{"article":"tea","quantity":2} -> {"article":"tea","quantity":2,"total":"5.00"}',
    '{"article":"cake","quantity":1} -> {"article":"cake","quantity":1,"total":"9.20"}',
    /^\{"article":"gold"} -> \{"error":"not an order"/,
    /^hello -> \{"error":"not an order"/,
  ],
  'typed-messages': [
    'price: 10',
    'bid 10: accepted at 10',
    'bid 5: too-low, The highest bid is 10 euros.',
    "{ type: 'error', message: 'The message does not match the schema.' }",
    "{ type: 'said', text: 'Sold!' }",
  ],
  'path-parameters': [
    '/quote/ACME/2: 3 ACME = 124.50',
    '/quote/SERVAL/0: 3 SERVAL = 21',
    /^\/quote\/ACME\/two: error: Path parameter "decimals"/,
    '/quote/ACME/two: closed 4400 bad path',
    '/quote/GOLD/2: error: There is no share called GOLD.',
    '/quote/GOLD/2: closed 4400 bad path',
  ],
  rooms: [
    'Ann hears "sales: 1 at the desk"',
    'Ann hears "Bob: lunch at noon?"',
    'Ann hears "order for sales: two boxes of tea"',
    'Bob hears "order for stock: count the cups"',
  ],
  'price-ticker-client': ['tea: connected, prices.v1', 'tea: 2.50', 'tea: 2.55', 'tea: 2.40', 'tea: closed 1000'],
  'server-bridge': ['stored 1', 'stored 2', 'stored 3'],
  programmatic: ['4 words', /^sha256 [0-9a-f]{64}$/],
  'configurator-auth': [
    'token in the query: Welcome, Ada.',
    'token as a subprotocol: Welcome, Grace.',
    'no token: HTTP 401',
    'no token, from a page: closed 4401 Sign in first.',
    'a foreign page: HTTP 403',
  ],
  login: [
    'a stranger: Unexpected server response: 401',
    'ann: Welcome, ann.',
    'ann: You have a message.',
    'ann: closed 1008 This connection was established under an authenticated HTTP session that has ended.',
  ],
  jwt: [
    'no token: Unexpected server response: 401',
    'a guest: Unexpected server response: 403',
    'a trader: ann says hello',
    'a trader: error: renewUser takes the same user as before, "ann"; found "eve".',
    'a trader: closed 1008 The credentials of this connection have expired.',
  ],
  'client-certificates': [
    'ann: Welcome, ann. You have the ledger as auditor.',
    'bob: Welcome, bob. You have the ledger as clerk.',
    'bob as auditor: HTTP 403',
    /^without a certificate: WS_CONNECT_TLS, .* alert certificate required\./,
    /^with a self-signed certificate: WS_CONNECT_IO, /,
    /^without trust in the server: WS_CONNECT_TLS, .*: self-signed certificate/,
  ],
  'slow-consumer': [
    /^fast: \d+ of \d+ ticks, the newest \d+\.\d s old, still open$/,
    /^slow: \d+ of \d+ ticks, the newest \d+\.\d s old, still open$/,
  ],
  limits: [
    'rate limit that waits: 6 answers, 3 at once, the others after 1 s',
    'rate limit that closes: 1008 Too many messages.',
    'connection limit: 503, Retry-After 5 s',
    'connection limit with a close frame: 1013 Too many connections.',
    /^coalescing: fewer than all of 400 prices \(\d+\), the latest is number 400$/,
  ],
  'graceful-shutdown': [
    'report on sales: all is well',
    'report on stock: all is well',
    'report on staff: all is well',
    'closed 1000',
  ],
  ...Object.fromEntries(
    ['express', 'fastify', 'koa', 'hono', 'nestjs'].map((host) => [
      `hosts/${host}`,
      [
        'a stranger: Unexpected server response: 401',
        'bob: ann: hello',
        'ann: The kettle is on.',
        'bob: The kettle is on.',
      ],
    ]),
  ),
  streams: [/^server: 5000000 bytes, sha256 [0-9a-f]{64}$/, 'download: 3000000 bytes', 'totals: ann,70000 bob,50000'],
};

// In `npm test` each example's own test runs it without a process.
test.each(someOf(2, Object.entries(CONVERSATIONS)))(
  'npm run example starts %s, and its client',
  async (name, expected) => {
    const server = run(name);
    const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
    const url = new URL(/wss?:\S+/.exec(line)?.[0] ?? '');
    const client = await outcome(run(name, 'client', `${url.protocol}//127.0.0.1:${url.port}`));
    expect(client.code).toBe(0);
    expect(client.errors).toBe('');
    for (const wanted of expected) {
      expect(client.lines).toContainEqual(typeof wanted === 'string' ? wanted : expect.stringMatching(wanted));
    }
    server.kill('SIGINT');
    const [code] = (await once(server, 'close')) as [number | null];
    expect(code).toBe(0);
  },
  20_000,
);

test.each(someOf(1, PAGES))('npm run example starts %s, and the address that it prints is its page', async (name) => {
  const server = run(name);
  const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
  const [url = ''] = /http:\S+/.exec(line) ?? [];
  const page = await fetch(url.replace('localhost', '127.0.0.1'));
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(await page.text()).toMatch(/^<!doctype html>/);
  server.kill('SIGINT');
  const [code] = (await once(server, 'close')) as [number | null];
  expect(code).toBe(0);
});
