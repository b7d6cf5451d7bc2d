import { describeWithPeer, Tomcat } from '../peers';
import { type Page } from 'playwright-core';
import { describeInBrowser, takePicture, Visits } from '../../../../examples/test-browser';
import { start } from '../../../../examples/ported/chat/server';

const VIEWPORT = { width: 640, height: 610 };
const OURS = '/examples/websocket/';
const THEIRS = '/examples/websocket/chat.xhtml';

describeInBrowser('ported chat in a browser', (browser) => {
  let server: Awaited<ReturnType<typeof start>>;
  let visits: Visits;
  beforeEach(async () => {
    visits = new Visits(browser);
    server = await start(0);
  });
  afterEach(async () => {
    await visits.end();
    await server.stop();
  });

  /** Our page, from our server, with the WebSocket at `port`. */
  async function visit(port: number): Promise<Page> {
    const page = await visits.open(`http://127.0.0.1:${port}${OURS}`, { viewport: VIEWPORT }, server.port);
    await page
      .getByRole('status')
      .filter({ hasText: /^Connected/ })
      .waitFor();
    await page.getByText(/^\* Guest\d+ has joined\.$/).waitFor();
    return page;
  }

  async function say(page: Page, text: string): Promise<void> {
    await page.getByRole('textbox').fill(text);
    await page.keyboard.press('Enter');
  }

  const reads = (page: Page, text: RegExp): Promise<void> => page.locator('p').filter({ hasText: text }).waitFor();

  async function talk(ann: Page, ben: Page): Promise<void> {
    await say(ann, 'Is anybody there?');
    await reads(ben, /^Guest\d+: Is anybody there\?$/);
    await say(ben, 'Yes. <b>Me</b> & "my" snake');
    for (const page of [ann, ben]) await reads(page, /^Guest\d+: Yes\. <b>Me<\/b> & "my" snake$/);
    expect(await ann.locator('p b').count()).toBe(0);
  }

  test('two pages show each other’s messages, with markup as text', async () => {
    const ann = await visit(server.port);
    const ben = await visit(server.port);
    await talk(ann, ben);
    await say(ann, 'Nice to meet you.');
    await reads(ben, /Nice/);
    await reads(ann, /Nice/);
    expect(await takePicture(ann, 'ported/chat')).toBeLessThan(60_000);
    await ben.close();
    await reads(ann, /^\* Guest\d+ has disconnected\.$/);
    await server.stop();
    await ann.getByText('Disconnected. Load the page again').waitFor();
    expect(await ann.getByRole('textbox').isDisabled()).toBe(true);
    expect(visits.complaints).toEqual([]);
  }, 90_000);

  describeWithPeer(Tomcat, 'with the chat of Tomcat', () => {
    let tomcat: Tomcat;
    beforeAll(async () => {
      tomcat = await Tomcat.start();
    }, 90_000);
    afterAll(() => tomcat?.stop());

    test('the page works with the original', async () => {
      await talk(await visit(tomcat.port), await visit(tomcat.port));
      expect(visits.complaints).toEqual([]);
    }, 90_000);

    test('the page of the original works with the port', async () => {
      const ann = await visit(server.port);
      const ben = await visits.open(`http://127.0.0.1:${server.port}${THEIRS}`, {}, tomcat.port);
      await reads(ben, /has joined/);
      await talk(ann, ben);
    }, 90_000);
  });
});
