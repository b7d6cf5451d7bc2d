import { buildSync } from 'esbuild';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { attach, OnMessage, OnOpen, ServerEndpoint, Session } from 'serval';
import { describeInBrowser, Visits } from '../../../examples/test-browser';

// In Chromium, from a plain script tag, in a worker and in a service worker.

const API = join(__dirname, '..', '..', 'api', 'src');
const SCRIPT = bundle('iife');

function bundle(format: 'iife' | 'esm'): string {
  const { outputFiles } = buildSync({
    entryPoints: [join(__dirname, '..', 'src', 'index.ts')],
    bundle: true,
    minify: true,
    target: 'es2022',
    format,
    globalName: 'serval',
    alias: { '@serval/api': join(API, 'index.ts'), '@serval/api/spi': join(API, 'spi', 'index.ts') },
    logOverride: { 'ignored-bare-import': 'silent' },
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

const ECHO_ONCE = `serval.connect('/echo', {
  onText(text, session) { report(text); session.close(4000, 'enough'); },
  onOpen: (session) => session.send('from a worker'),
});`;
const FILES: Readonly<Record<string, readonly [type: string, text: string]>> = {
  '/': ['text/html', '<!doctype html><link rel="icon" href="data:,"><script src="/browser.js"></script>'],
  '/browser.js': ['text/javascript', SCRIPT],
  '/browser.mjs': ['text/javascript', bundle('esm')],
  '/worker.js': ['text/javascript', `importScripts('/browser.js'); const report = postMessage; ${ECHO_ONCE}`],
  '/service.js': [
    'text/javascript',
    `importScripts('/browser.js');
     self.onmessage = ({ source }) => { const report = (text) => source.postMessage(text); ${ECHO_ONCE} };`,
  ],
};

const PARTS = 60;
const PART_BYTES = 500_000;
let sent = 0;

@ServerEndpoint({ value: '/echo', subprotocols: ['v1'] })
class Echo {
  @OnMessage text(text: string, session: Session) {
    const [, code] = /^close (\d+)/.exec(text) ?? [];
    return code === undefined ? text : session.close(Number(code), 'as you wish');
  }
  @OnMessage binary(data: Buffer) {
    return data;
  }
}

@ServerEndpoint('/flood')
class Flood {
  @OnOpen open(session: Session) {
    // It ends with the session.
    this.#send(session).catch(() => undefined);
  }
  async #send(session: Session): Promise<void> {
    const part = Buffer.alloc(PART_BYTES);
    for (sent = 0; sent < PARTS; sent++) await session.getBasicRemote().sendBinary(part);
  }
}

let http: HttpServer;
let origin: string;
let container: ReturnType<typeof attach>;

beforeAll(async () => {
  http = createServer(({ url = '/' }, response) => {
    const [type, text] = FILES[url] ?? ['text/plain', 'not found'];
    response.writeHead(FILES[url] === undefined ? 404 : 200, { 'Content-Type': type }).end(text);
  });
  container = attach(http);
  container.addEndpoint(Echo);
  container.addEndpoint(Flood);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await container.stop({ grace: 100 });
  http.close();
});

describeInBrowser('a page', (browser) => {
  let visits: Visits;
  let page: Page;
  beforeEach(async () => {
    visits = new Visits(browser);
    page = await visits.open(`${origin}/`);
  });
  afterEach(() => visits.end());

  /** Runs code of an async function in the page. */
  const run = (code: string): Promise<unknown> => page.evaluate(`(async () => { ${code} })()`);

  test.each(['undefined', 'serval.streamSocket'])('talks, with the socket %s', async (socket) => {
    const heard = await run(`
      const client = await serval.connect('/echo', { socket: ${socket}, subprotocols: ['v2', 'v1'] });
      const heard = [client.session.subprotocol];
      await client.send('text');
      await client.send(new Uint8Array([1, 2, 3]));
      await client.send('close 4321');
      for await (const message of client) heard.push(typeof message === 'string' ? message : message.join());
      const { code, reason, wasClean } = await client.closed;
      return [...heard, code, reason, wasClean, client.state];`);
    expect(heard).toEqual(['v1', 'text', '1,2,3', 4321, 'as you wish', true, 'closed']);
  });

  test.each(['undefined', 'serval.streamSocket'])('closes, with the socket %s', async (socket) => {
    expect(
      await run(`
      const client = await serval.connect('/echo', { socket: ${socket} });
      const refused = await client.close(1011).then(() => 'closed', (error) => error.name);
      const state = client.state;
      await client.close(4000, 'bye');
      const { code, reason } = await client.closed;
      return [refused, state, code, reason];`),
    ).toEqual(['InvalidAccessError', 'open', 4000, 'bye']);
  });

  test.each(['undefined', 'serval.streamSocket'])('sees nothing of a refusal, with the socket %s', async (socket) => {
    expect(
      await run(
        `return serval.connect('/nothing', { socket: ${socket} }).catch(({ code, message }) => [code, message]);`,
      ),
    ).toEqual(['WS_CONNECT_IO', expect.stringContaining('1006')]);
  });

  test('the server waits for a slow page with streamSocket', async () => {
    await run(`
      globalThis.connection = await serval.connect('/flood', { socket: serval.streamSocket });
      globalThis.loop = connection[Symbol.asyncIterator]();
      await loop.next();`);
    for (let before = -1; before !== sent; await page.waitForTimeout(500)) before = sent;
    expect(sent).toBeLessThan(PARTS);
    expect(await run(`let count = 1; while (count < ${PARTS}) { await loop.next(); count++; } return count;`)).toBe(
      PARTS,
    );
  });

  test('ends a page that reads too slowly otherwise', async () => {
    expect(
      await run(`
      const client = await serval.connect('/flood', {
        onBinary: (bytes, { signal }) => signal.aborted || new Promise((resolve) => (signal.onabort = resolve)),
      });
      const { code, reason } = await client.closed;
      return [code, reason];`),
    ).toEqual([1009, expect.stringContaining('maxUnreadBytes')]);
  });

  test('reconnects after a stay in the back-forward cache', async () => {
    expect(
      await run(`
      const seen = [];
      return new Promise(async (resolve) => {
        const client = await serval.connect('/echo', {
          reconnect: { initialDelay: 200, maxDelay: 200 },
          onText: (text) => resolve([...seen, text, client.state]),
          onClose: ({ code }) => seen.push(code),
        });
        const fire = (type) => dispatchEvent(new PageTransitionEvent(type, { persisted: true }));
        fire('pagehide');
        seen.push(client.state);
        client.send('waits');
        fire('pageshow');
      });`),
    ).toEqual(['away', 1001, 'waits', 'open']);
  });

  test('works as a module', async () => {
    expect(
      await run(`
      const { connect } = await import('/browser.mjs');
      const client = await connect(location.origin + '/echo');
      await client.send('module');
      for await (const message of client) return message;`),
    ).toBe('module');
  });

  test('works in a worker', async () => {
    expect(
      await run(`return new Promise((resolve) => {
        new Worker('/worker.js').onmessage = ({ data }) => resolve(data);
      });`),
    ).toBe('from a worker');
  });

  test('works in a service worker', async () => {
    expect(
      await run(`
      const answer = new Promise((resolve) => (navigator.serviceWorker.onmessage = ({ data }) => resolve(data)));
      await navigator.serviceWorker.register('/service.js');
      (await navigator.serviceWorker.ready).active.postMessage('go');
      return answer;`),
    ).toBe('from a worker');
  });
});
