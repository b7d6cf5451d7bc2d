import { type Page } from 'playwright-core';
import { describeInBrowser, takePicture, Visits } from '../../../../examples/test-browser';
import { stopIntervals } from '../../../../examples/test-clock';
import { start } from '../../../../examples/ported/auction/server';

describeInBrowser('auction in a browser', (browser) => {
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
    jest.useRealTimers();
  });

  const seconds = (count: number): unknown => jest.advanceTimersByTime(count * 1000);

  /** From the first page to an auction. */
  async function enter(name: string, item: string): Promise<Page> {
    const page = await visits.open(`http://127.0.0.1:${server.port}/`, { viewport: { width: 700, height: 560 } });
    expect(new URL(page.url()).pathname).toBe('/sample-auction/');
    await page.getByLabel('Your name').fill(name);
    await page.keyboard.press('Enter');
    await page
      .getByRole('status')
      .filter({ hasText: `Welcome, ${name}` })
      .waitFor();
    await page.getByRole('link', { name: item }).click();
    await page.getByRole('heading', { name: item }).waitFor();
    return page;
  }

  async function offer(page: Page, bid: string): Promise<void> {
    await page.getByLabel('Your bid').fill(bid);
    await page.keyboard.press('Enter');
  }

  const costs = (page: Page, price: string): Promise<void> =>
    page.getByLabel('Price').filter({ hasText: price }).waitFor();

  const left = (page: Page, time: string): Promise<void> =>
    page.locator('#seconds').filter({ hasText: time }).waitFor();

  test('two people bid against each other until the time runs out, and both see the result', async () => {
    const ann = await enter('Ann', 'Lamp');
    await left(ann, '20 seconds');
    const ben = await enter('Ben', 'Lamp');
    seconds(5);
    for (const page of [ann, ben]) await left(page, '15 seconds');
    await offer(ann, '120');
    for (const page of [ann, ben]) {
      await costs(page, '120.00');
      await left(page, '20 seconds');
    }
    await offer(ben, '150.50');
    for (const page of [ann, ben]) await costs(page, '150.50');
    seconds(8);
    await left(ann, '12 seconds');
    expect(await takePicture(ann, 'ported/auction')).toBeLessThan(60_000);

    seconds(13);
    await ann.getByRole('alert').filter({ hasText: 'You have not won. It was sold for 151.' }).waitFor();
    await ben.getByRole('alert').filter({ hasText: 'You have won, and pay 151.' }).waitFor();
    for (const page of [ann, ben]) expect(await page.getByRole('button', { name: 'Bid' }).count()).toBe(0);
    expect(visits.complaints).toEqual([]);
  }, 90_000);

  test('a person who leaves an auction sees the list again; the others continue, and markup in a name is text', async () => {
    const ann = await enter('<b>Ann</b>', 'Globe');
    await left(ann, '20 seconds');
    await ann.getByRole('link', { name: 'Leave the auction' }).click();
    await ann.getByRole('status').filter({ hasText: 'Welcome, <b>Ann</b>' }).waitFor();
    expect(await ann.getByRole('link').allTextContents()).toEqual(['Lamp', 'Globe', 'Clock']);
    const ben = await enter('Ben', 'Globe');
    seconds(1);
    await left(ben, '19 seconds');
    expect(visits.complaints).toEqual([]);
  }, 90_000);
});
