import { type Page } from 'playwright-core';
import { describeInBrowser, takePicture, Visits } from '../../../../examples/test-browser';
import { start } from '../../../../examples/ported/shared-collection/server';
import { sharedCollection } from '../../../../examples/ported/shared-collection/shared-collection';

describeInBrowser('shared-collection in a browser', (browser) => {
  let server: Awaited<ReturnType<typeof start>>;
  let visits: Visits;

  beforeEach(async () => {
    sharedCollection.apply({ event: 'clear' });
    for (const [key, value] of [
      ['Monday', 'Soup'],
      ['Tuesday', 'Pasta'],
      ['Wednesday', 'Curry'],
    ] as const) {
      sharedCollection.apply({ event: 'put', key, value });
    }
    visits = new Visits(browser);
    server = await start(0);
  });
  afterEach(async () => {
    await visits.end();
    await server.stop();
  });

  async function visit(way: 'By WebSocket' | 'By HTTP'): Promise<Page> {
    const page = await visits.open(`http://127.0.0.1:${server.port}/`, { viewport: { width: 760, height: 500 } });
    expect(new URL(page.url()).pathname).toBe('/sample-shared-collection/');
    await page.getByRole('link', { name: way }).click();
    await page.getByRole('status').filter({ hasText: 'Connected' }).waitFor();
    return page;
  }

  /** Waits until the table has these rows, and no others. */
  async function shows(page: Page, ...rows: [key: string, value: string][]): Promise<void> {
    const text = rows.map(([key, value]) => `${key}${value}Edit Remove`).join('');
    const board = page.locator('#board').filter({ hasText: new RegExp(`^${text}$`) });
    await board.waitFor({ state: 'attached' });
  }

  test('another page sees a change while it is typed, and a later page sees it too', async () => {
    const ann = await visit('By WebSocket');
    const ben = await visit('By WebSocket');
    for (const page of [ann, ben]) await shows(page, ['Monday', 'Soup'], ['Tuesday', 'Pasta'], ['Wednesday', 'Curry']);

    await ann.getByRole('button', { name: 'Edit Tuesday' }).click();
    await ann.keyboard.type(' a');
    await shows(ben, ['Monday', 'Soup'], ['Tuesday', 'Pasta a'], ['Wednesday', 'Curry']);
    await ann.keyboard.type('l forno');
    await ben.getByRole('button', { name: 'Remove Monday' }).click();
    await ben.getByLabel('Key').fill('Thursday');
    await ben.getByLabel('Value').fill('Salad');
    const now: [string, string][] = [
      ['Tuesday', 'Pasta al forno'],
      ['Wednesday', 'Curry'],
      ['Thursday', 'Salad'],
    ];
    const late = await visit('By WebSocket');
    for (const page of [ann, ben, late]) await shows(page, ...now);
    expect(await takePicture(ann, 'ported/shared-collection')).toBeLessThan(60_000);

    await late.getByRole('button', { name: 'Clear all' }).click();
    for (const page of [ann, ben, late]) await shows(page);
    expect(visits.complaints).toEqual([]);
  }, 90_000);

  test('a page over WebSocket and one over HTTP show the same', async () => {
    const ann = await visit('By WebSocket');
    const ben = await visit('By HTTP');
    await shows(ben, ['Monday', 'Soup'], ['Tuesday', 'Pasta'], ['Wednesday', 'Curry']);
    await ben.getByRole('button', { name: 'Remove Wednesday' }).click();
    await ben.getByRole('button', { name: 'Edit Monday' }).click();
    await ben.keyboard.type('!');
    await ann.getByRole('button', { name: 'Remove Tuesday' }).click();
    for (const page of [ann, ben]) await shows(page, ['Monday', 'Soup!']);
    expect(visits.complaints).toEqual([]);
  }, 90_000);

  test('shows markup in keys and values as text, and a page that was offline receives everything again', async () => {
    const ann = await visit('By WebSocket');
    await ann.getByLabel('Key').fill('<b>bold</b>');
    await ann.getByLabel('Value').fill('<img src=x onerror=alert(1)>');
    await ann.getByRole('button', { name: 'Remove <b>bold</b>' }).waitFor();
    expect(await ann.locator('table b, table img').count()).toBe(0);
    expect(visits.complaints).toEqual([]);

    const { port } = server;
    await server.stop();
    await ann.getByRole('status').filter({ hasText: 'Connection lost' }).waitFor();
    sharedCollection.apply({ event: 'clear' });
    sharedCollection.apply({ event: 'put', key: 'Friday', value: 'Fish' });
    server = await start(port);
    await shows(ann, ['Friday', 'Fish']);
  }, 90_000);
});
