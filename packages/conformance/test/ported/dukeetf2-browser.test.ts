import { describeInBrowser, takePicture, Visits } from '../../../../examples/test-browser';
import { stopIntervals } from '../../../../examples/test-clock';
import { start } from '../../../../examples/ported/dukeetf2/server';

describeInBrowser('dukeetf2 in a browser', (browser) => {
  let server: Awaited<ReturnType<typeof start>>;
  let visits: Visits;

  beforeEach(async () => {
    stopIntervals();
    visits = new Visits(browser);
    server = await start(0);
  });
  afterEach(async () => {
    await visits.end();
    await server.stop();
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  test('two pages show the same price, volume and price trend', async () => {
    const pages = [];
    for (let number = 0; number < 2; number++) {
      const viewport = { width: 820, height: 500 };
      const page = await visits.open(`http://127.0.0.1:${server.port}/`, { viewport });
      expect(new URL(page.url()).pathname).toBe('/dukeetf2/');
      await page.getByRole('status').filter({ hasText: 'Connected' }).waitFor();
      pages.push(page);
    }
    const random = jest.spyOn(Math, 'random');
    const second = (chance: number): void => {
      random.mockReturnValue(chance);
      jest.advanceTimersByTime(1000);
    };
    second(0.75);
    for (const page of pages) {
      await page.getByText('100.25', { exact: true }).waitFor();
      await page.getByText('301,250', { exact: true }).waitFor();
    }
    second(0.25);
    for (const page of pages) {
      await page.getByText('100.00', { exact: true }).waitFor();
      await page.getByText('▼ 0.25', { exact: true }).waitFor();
      await page.getByText('300,000', { exact: true }).waitFor();
    }

    // A minute for the picture.
    for (let step = 0; step < 45; step++) second(0.5 + 0.4 * Math.sin(step / 5) * Math.cos(step * 1.7));
    second(0.8);
    for (const page of pages) await page.getByText('▲ 0.30', { exact: true }).waitFor();
    const [first] = pages;
    expect(await takePicture(first!, 'ported/dukeetf2')).toBeLessThan(60_000);
    expect(await first!.locator('#line').getAttribute('points')).toMatch(/^(\d+\.\d,\d+\.\d ){47}600\.0,\d+\.\d$/);
    expect(visits.complaints).toEqual([]);
  }, 90_000);

  test('a page shows that the connection is lost, and reconnects by itself', async () => {
    const page = await visits.open(`http://127.0.0.1:${server.port}/dukeetf2/`);
    const status = page.getByRole('status');
    await status.filter({ hasText: 'Connected' }).waitFor();
    const { port } = server;
    await server.stop();
    await status.filter({ hasText: 'Connection lost' }).waitFor();
    server = await start(port);
    await status.filter({ hasText: 'Connected' }).waitFor();
  }, 90_000);
});
