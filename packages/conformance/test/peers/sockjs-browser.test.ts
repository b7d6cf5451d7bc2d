import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { type Page } from 'playwright-core';
import { attach, type ServerContainerOptions } from 'serval';
import { describeWithPeer, FrontServer } from '.';
import { describeInBrowser, Visits } from '../../../../examples/test-browser';
import { listen, loggerInto } from '../../../server/test/test-server';
import { afterTest, Journal } from '../../../testing/test/toolbox';

// sockjs-client 1.6.1 in a browser against a chat room: directly, and behind proxies that make it fall back.

const LIBRARY = readFileSync(require.resolve('sockjs-client/dist/sockjs.min.js'));

// Node's own channel, because `attach` takes SockJS requests before the listeners of the server.
const REQUESTS = 'http.server.request.start';

// By default a page gives each transport about 600 ms, which a busy machine exceeds.
const PAGE = `<!doctype html>
<meta charset="utf-8" />
<link rel="icon" href="data:," />
<title>Chat</title>
<p role="status"></p>
<ol role="log"></ol>
<script src="/sockjs.js"></script>
<script>
  const query = new URLSearchParams(location.search);
  const chat = new SockJS((query.get('server') ?? '') + '/chat/lobby', undefined, {
    transports: query.getAll('transport'),
    timeout: Number(query.get('timeout') ?? 10_000),
  });
  const show = (text) => (document.querySelector('[role=status]').textContent = text);
  chat.onopen = () => show('connected by ' + chat.transport);
  chat.onclose = ({ code, reason }) => show('closed with ' + code + ' ' + reason);
  chat.onmessage = ({ data }) =>
    document.querySelector('[role=log]').append(Object.assign(document.createElement('li'), { textContent: data }));
</script>`;

/** The same page and library on every server. */
function servePages(): ReturnType<typeof createServer> {
  return createServer((request, response) => {
    const isLibrary = request.url === '/sockjs.js';
    response.setHeader('Content-Type', isLibrary ? 'text/javascript' : 'text/html');
    response.end(isLibrary ? LIBRARY : PAGE);
  });
}

interface Chat {
  readonly port: number;
  /** The last segments of the SockJS requests that reached the server, without those of WebSockets. */
  readonly attempts: Set<string>;
  /** `open` and `close`, each with its count. */
  readonly events: Journal;
  readonly count: { open: number; close: number };
}

async function serveChat(options: ServerContainerOptions = {}): Promise<Chat> {
  const http = servePages();
  const count = { open: 0, close: 0 };
  const events = new Journal();
  const container = attach(http, {
    logger: loggerInto(new Journal()),
    sockJs: { clientLibraryUrl: '/sockjs.js' },
    ...options,
  });
  container.endpoint('/chat/{room}', {
    onOpen: (session) => {
      events.add(`open ${(count.open += 1)}`);
      session.join('lobby');
    },
    onClose: () => events.add(`close ${(count.close += 1)}`),
    onText: (text, session) => {
      session.to('lobby').send(text);
      session.send(text);
    },
  });
  const attempts = new Set<string>();
  const note = (message: unknown): void => {
    const { request, server } = message as { readonly request: IncomingMessage; readonly server: unknown };
    const transport = /^\/chat\/lobby\/\w+\/\w+\/(\w+)/.exec(request.url ?? '')?.[1];
    if (server === http && transport !== undefined) attempts.add(transport);
  };
  subscribe(REQUESTS, note);
  afterTest(() => unsubscribe(REQUESTS, note));
  const port = await listen(http);
  afterTest(() => container.stop({ grace: 0 }));
  return { port, attempts, events, count };
}

/** A page of another origin than the chat's. */
async function serveForeignPage(): Promise<string> {
  const http = servePages();
  const port = await listen(http);
  afterTest(() => {
    http.closeAllConnections();
    http.close();
  });
  return `http://127.0.0.1:${port}`;
}

const GUIDE = readFileSync(join(__dirname, '../../../../docs/guides/sockjs.md'), 'utf8');
const [, GUIDED = ''] = /^```nginx\n([^]*?)^```$/m.exec(GUIDE) ?? [];

/** A location without lines for Upgrade, which nginx drops unless they are there. */
function location(...lines: string[]): string {
  return `location / {
  proxy_pass http://127.0.0.1:8080;
  proxy_set_header Host $http_host;
  ${lines.join('\n  ')}
}`;
}

async function front(upstream: number, place: string): Promise<string> {
  const passed = place.replace('http://127.0.0.1:8080;', `http://127.0.0.1:${upstream};`);
  expect(passed).not.toBe(place);
  const nginx = await FrontServer.start('nginx', (port) => `server {\nlisten 127.0.0.1:${port};\n${passed}\n}`);
  afterTest(() => nginx.stop());
  return `http://127.0.0.1:${nginx.port}`;
}

describeInBrowser('sockjs-client in a browser', (browser) => {
  let visits: Visits;
  beforeEach(() => (visits = new Visits(browser)));
  afterEach(() => visits.end());

  const status = async (page: Page, text: RegExp): Promise<string | null> => {
    const line = page.getByRole('status').filter({ hasText: text });
    await line.waitFor();
    return line.textContent();
  };

  const say = (page: Page, text: string): Promise<void> =>
    page.evaluate(`chat.send(${JSON.stringify(text)})`).then(() => undefined);

  const reads = (page: Page, text: string): Promise<void> =>
    page.getByRole('log').getByText(text, { exact: true }).waitFor();

  /** Two pages read each other's messages, each once and in order. */
  async function talk(url: string): Promise<(string | null)[]> {
    const ann = await visits.open(url);
    const transports = [await status(ann, /^connected|^closed/)];
    await say(ann, 'Is anyone here?');
    await reads(ann, 'Is anyone here?');
    const ben = await visits.open(url);
    transports.push(await status(ben, /^connected|^closed/));
    await say(ben, 'I am. <b>Ben</b> ✓');
    for (const page of [ann, ben]) await reads(page, 'I am. <b>Ben</b> ✓');
    await say(ann, 'Welcome!');
    for (const page of [ann, ben]) await reads(page, 'Welcome!');
    const logs = await Promise.all([ann, ben].map((page) => page.getByRole('log').locator('li').allTextContents()));
    expect(logs).toEqual([
      ['Is anyone here?', 'I am. <b>Ben</b> ✓', 'Welcome!'],
      ['I am. <b>Ben</b> ✓', 'Welcome!'],
    ]);
    return transports;
  }

  const both = (transport: string): string[] => Array.from({ length: 2 }, () => `connected by ${transport}`);

  test('directly, it uses a WebSocket', async () => {
    const { port, attempts } = await serveChat();
    expect(await talk(`http://127.0.0.1:${port}/`)).toEqual(both('websocket'));
    expect(attempts).toEqual(new Set());
    expect(visits.complaints).toEqual([]);
  });

  describe('a page of another origin', () => {
    test('uses a WebSocket if its origin is allowed', async () => {
      const page = await serveForeignPage();
      const { port } = await serveChat({ allowedOrigins: [page] });
      expect(await talk(`${page}/?server=http://127.0.0.1:${port}`)).toEqual(both('websocket'));
      expect(visits.complaints).toEqual([]);
    });

    test.each(['xhr-streaming', 'eventsource', 'xhr-polling'])(
      'uses %s if its origin is allowed',
      async (transport) => {
        const page = await serveForeignPage();
        const { port } = await serveChat({ allowedOrigins: [page] });
        const url = `${page}/?server=http://127.0.0.1:${port}&transport=${transport}`;
        expect(await talk(url)).toEqual(both(transport));
        expect(visits.complaints).toEqual([]);
      },
    );

    test.each(['iframe-eventsource', 'iframe-htmlfile', 'iframe-xhr-polling'])(
      'uses %s if all origins are allowed',
      async (transport) => {
        const page = await serveForeignPage();
        const { port } = await serveChat({ allowedOrigins: '*' });
        const url = `${page}/?server=http://127.0.0.1:${port}&transport=${transport}`;
        expect(await talk(url)).toEqual(both(transport));
      },
    );

    test('does not connect if its origin is not allowed', async () => {
      const page = await serveForeignPage();
      const { port, attempts } = await serveChat();
      const stranger = await visits.open(`${page}/?server=http://127.0.0.1:${port}`);
      expect(await status(stranger, /./)).toBe('closed with 1002 Cannot connect to server');
      expect(attempts).toEqual(new Set());
    });
  });

  describeWithPeer(FrontServer.kind('nginx'), 'behind nginx', () => {
    test('it uses a WebSocket if nginx passes Upgrade on', async () => {
      const { port, attempts } = await serveChat();
      const upgrade = ['proxy_set_header Upgrade $http_upgrade;', 'proxy_set_header Connection upgrade;'];
      const url = await front(port, location('proxy_http_version 1.1;', ...upgrade));
      expect(await talk(`${url}/`)).toEqual(both('websocket'));
      expect(attempts).toEqual(new Set());
    });

    test.each([
      ['with the defaults of nginx', location()],
      ['with gzip', location('proxy_http_version 1.1;', 'gzip on;', 'gzip_types *;', 'gzip_min_length 0;')],
      ['with the lines of the guide', GUIDED.replace('}', '  proxy_ignore_headers X-Accel-Buffering;\n}')],
    ])('it uses xhr-streaming if nginx does not pass Upgrade on, %s', async (_title, place) => {
      const { port, attempts } = await serveChat();
      expect(await talk(`${await front(port, place)}/`)).toEqual(both('xhr-streaming'));
      expect(attempts).toEqual(new Set(['websocket', 'xhr_streaming', 'xhr_send']));
    });

    test('it uses xhr-polling if nginx also buffers every response', async () => {
      const { port, attempts, events, count } = await serveChat();
      const url = await front(port, location('proxy_buffering on;', 'proxy_ignore_headers X-Accel-Buffering;'));
      // sockjs-client keeps the timer of a transport that failed, and it ends the next one. So each second attempt has only
      // the time that the refused WebSocket took, and if that does not suffice, xhr-polling runs in an iframe.
      for (const connected of await talk(`${url}/?timeout=2000`))
        expect(connected).toMatch(/^connected by (iframe-)?xhr-polling$/);
      expect([...attempts].slice(0, 2)).toEqual(['websocket', 'xhr_streaming']);
      expect(attempts).toContain('xhr');
      // Each attempt that reached the server opened a session, which ends when the page gives it up.
      const abandoned = count.open - 2;
      expect(abandoned).toBeGreaterThanOrEqual(2);
      await events.until(`close ${abandoned}`);
      expect(count).toEqual({ open: abandoned + 2, close: abandoned });
    });
  });
});
