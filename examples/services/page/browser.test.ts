import { createServer, type Server as HttpServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { attach, endpoint } from 'serval';
import { Server as SocketIo } from 'socket.io';
import { servePages } from '../../pages';
import { describeInBrowser, Visits } from '../../test-browser';

// The same page with each of the three clients, so that their lines can be compared.

const CLIENTS = ['serval', 'socket-io', 'partysocket'] as const;

describeInBrowser('services/page in a browser', (browser) => {
  let http: HttpServer;
  let stop: () => Promise<void>;
  let visits: Visits;

  /** @returns the port */
  async function start(client: (typeof CLIENTS)[number], port = 0): Promise<number> {
    const { outputFiles } = await build({
      entryPoints: [join(__dirname, 'public/main.js')],
      bundle: true,
      format: 'esm',
      write: false,
      plugins: [
        {
          name: 'client',
          setup: ({ onResolve }) =>
            onResolve({ filter: /^\.\.\/serval$/ }, () => ({ path: join(__dirname, `${client}.ts`) })),
        },
      ],
    });
    const pages = servePages('services/page');
    http = createServer((request, response) => {
      if (request.url === '/main.js') response.setHeader('Content-Type', 'text/javascript').end(outputFiles[0]?.text);
      else pages(request, response);
    });
    if (client === 'socket-io') {
      const io = new SocketIo(http);
      io.on('connection', (socket) => socket.on('message', (text: string) => io.send(text)));
      stop = async () => {
        const closed = io.close();
        // Chromium keeps connections open that it has not used yet.
        http.closeAllConnections();
        await closed;
      };
    } else {
      const container = attach(http);
      container.addEndpoint(endpoint('/', { onText: (text, session) => session.broadcast(text) }));
      stop = async () => {
        await container.stop();
        http.closeAllConnections();
        await new Promise((resolve) => http.close(resolve));
      };
    }
    await once(http.listen(port, '127.0.0.1'), 'listening');
    return (http.address() as { port: number }).port;
  }

  afterEach(async () => {
    await visits.end();
    await stop();
  });

  const reads = (page: Page, text: string): Promise<void> => page.getByRole('log').getByText(text).waitFor();

  async function pin(page: Page, text: string): Promise<void> {
    await page.getByLabel('A note for everyone').fill(text);
    await page.keyboard.press('Enter');
  }

  test.each(CLIENTS)(
    '%s: two pages see notes, and come back with what waited when the server restarts',
    async (client) => {
      visits = new Visits(browser);
      const port = await start(client);
      const [ann, bob] = [
        await visits.open(`http://127.0.0.1:${port}/`),
        await visits.open(`http://127.0.0.1:${port}/`),
      ];
      for (const page of [ann, bob]) await page.getByText('Connected').waitFor();
      await pin(ann, 'tea at four');
      for (const page of [ann, bob]) await reads(page, 'tea at four');
      await stop();
      for (const page of [ann, bob]) await page.getByText('Connection lost').waitFor();
      await pin(ann, 'cake too');
      await start(client, port);
      for (const page of [ann, bob]) await page.getByText('Connected').waitFor();
      await reads(ann, 'cake too');
      await pin(bob, 'all gone');
      for (const page of [ann, bob]) await reads(page, 'all gone');
      // The browser itself reports attempts without a server.
      expect(visits.complaints.filter((complaint) => !complaint.includes('ERR_'))).toEqual([]);
    },
    90_000,
  );
});
