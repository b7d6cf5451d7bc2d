import { describeWithPeer, Tomcat } from '../peers';
import { describeInBrowser, takePicture, Visits } from '../../../../examples/test-browser';
import { start } from '../../../../examples/ported/echo/server';

const OURS = '/examples/websocket/';
const THEIRS = '/examples/websocket/echo.xhtml';

describeInBrowser('ported echo in a browser', (browser) => {
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

  /** Plays our page, from our server, with the WebSocket at `port`. */
  async function play(port: number, ...variants: string[]): Promise<string[]> {
    const viewport = { width: 560, height: 700 };
    const page = await visits.open(`http://127.0.0.1:${port}${OURS}`, { viewport }, server.port);
    for (const variant of variants) {
      await page.getByLabel(variant, { exact: true }).check();
      await page.getByRole('button', { name: 'Connect', exact: true }).click();
      await page.getByRole('status').filter({ hasText: 'Connected to' }).waitFor();
      await page.getByLabel('Message').fill(`<b>${variant}</b>`);
      await page.getByRole('button', { name: 'Send' }).click();
      await page.getByText(`Received: <b>${variant}</b>`, { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Disconnect' }).click();
      await page.getByRole('status').filter({ hasText: 'Not connected' }).waitFor();
    }
    if (port === server.port) expect(await takePicture(page, 'ported/echo')).toBeLessThan(60_000);
    expect(visits.complaints).toEqual([]);
    return page.getByRole('log').locator('.event').allTextContents();
  }

  test('the page works with each of the four endpoints', async () => {
    const variants = [
      'programmatic',
      'annotated, part by part',
      'annotated, with streams',
      'annotated, asynchronous',
    ] as const;
    // A page that closes without a code gets 1000, as from Tomcat.
    expect(await play(server.port, ...variants)).toEqual(variants.map(() => 'Closed with 1000'));
  }, 90_000);

  describeWithPeer(Tomcat, 'with the echo of Tomcat', () => {
    let tomcat: Tomcat;
    beforeAll(async () => {
      tomcat = await Tomcat.start();
    }, 90_000);
    afterAll(() => tomcat?.stop());

    test('the page works with the original', async () => {
      expect(await play(tomcat.port, 'programmatic', 'annotated, with streams')).toEqual(
        Array(2).fill('Closed with 1000'),
      );
    }, 90_000);

    test('the page of the original works with the port', async () => {
      const page = await visits.open(`http://127.0.0.1:${server.port}${THEIRS}`, {}, tomcat.port);
      for (const variant of ['#radio1', '#radio2', '#radio3']) {
        await page.locator(variant).check();
        await page.locator('#connect').click();
        await page.locator('#echo:enabled').click();
        await page.getByText('Received: Here is a message!').last().waitFor();
        await page.locator('#disconnect').click();
        await page.locator('#connect:enabled').waitFor();
      }
      const lines = await page.locator('#console p').allTextContents();
      expect(lines.filter((line) => line.startsWith('Received'))).toHaveLength(3);
      expect(lines.at(-1)).toBe('Info: WebSocket connection closed, Code: 1000');
    }, 90_000);
  });
});
