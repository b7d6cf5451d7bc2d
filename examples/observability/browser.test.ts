import { describeInBrowser, Visits } from '../test-browser';
import { start } from './server';

describeInBrowser('observability in a browser', (browser) => {
  const visits = new Visits(browser);
  let server: Awaited<ReturnType<typeof start>>;

  beforeEach(async () => {
    jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    server = await start(0);
  });
  afterEach(async () => {
    await visits.end();
    await server.stop();
    jest.restoreAllMocks();
  });

  test('draws the tables that arrive, what they order, and an address that does not exist', async () => {
    const page = await visits.open(`http://127.0.0.1:${server.port}/`);
    await page.getByText('Live, once a second').waitFor();
    await page.getByRole('button', { name: '10 tables order' }).click();
    const sessions = page.locator('.chart', { hasText: 'Sessions' });
    await sessions.locator('output', { hasText: '10' }).waitFor();
    const messages = page.locator('.chart', { hasText: 'Messages' }).locator('polyline').first();
    await page.waitForFunction(
      (line) => new Set(line?.getAttribute('points')?.match(/,[\d.]+/g)).size > 1,
      await messages.elementHandle(),
    );
    await page.getByRole('button', { name: 'Wrong address' }).click();
    await page.locator('#refusals tr', { hasText: 'path' }).waitFor();
    await page.getByRole('button', { name: 'A long letter' }).click();
    await page.locator('#limits tr', { hasText: 'maxMessageSize' }).waitFor();
    await page.getByRole('button', { name: 'All leave' }).click();
    await sessions.locator('output', { hasText: /^0 / }).waitFor();
    // The browser itself reports the refused handshake.
    expect(visits.complaints.filter((complaint) => !complaint.includes('/Kitchen/1'))).toEqual([]);
  });
});
