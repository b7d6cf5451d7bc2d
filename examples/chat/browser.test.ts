import { type BrowserContextOptions, type Page } from 'playwright-core';
import { describeInBrowser, Visits } from '../test-browser';
import { start } from './server';

describeInBrowser('chat in a browser', (browser) => {
  let server: Awaited<ReturnType<typeof start>>;
  let visits: Visits;
  let complaints: string[];

  beforeEach(async () => {
    visits = new Visits(browser);
    ({ complaints } = visits);
    server = await start(0);
  });
  afterEach(async () => {
    await visits.end();
    await server.stop();
  });

  const visit = (path = '/', options: BrowserContextOptions = {}): Promise<Page> =>
    visits.open(`http://127.0.0.1:${server.port}${path}`, options);

  async function enter(page: Page, name: string, room?: string): Promise<Page> {
    await page.getByLabel('Your name').fill(name);
    if (room !== undefined) await page.getByLabel('Room', { exact: true }).fill(room);
    await page.getByRole('button', { name: 'Join the room' }).click();
    await page.getByRole('status').filter({ hasText: 'Connected as' }).waitFor();
    return page;
  }

  async function say(page: Page, text: string): Promise<void> {
    await page.getByLabel('Your message').fill(text);
    await page.keyboard.press('Enter');
  }

  const reads = (page: Page, text: string): Promise<void> =>
    page.getByRole('log').getByText(text, { exact: true }).waitFor();

  const people = (page: Page): Promise<string[]> => page.getByRole('list').locator('.who').allTextContents();

  test('two pages in one room see each other’s messages and the members; a page in another room sees nothing', async () => {
    const ada = await enter(await visit(), 'Ada', 'kitchen');
    const stranger = await enter(await visit(), 'Stranger', 'cellar');
    const grace = await enter(await visit('/?room=kitchen'), 'Grace');
    await say(ada, 'Is anyone here?');
    await reads(grace, 'Is anyone here?');
    await say(grace, 'I am.');
    await reads(ada, 'I am.');
    expect(await people(ada)).toEqual(['Ada (you)', 'Grace']);
    expect(await people(grace)).toEqual(['Grace (you)', 'Ada']);
    await reads(ada, 'Grace joined');

    await grace.getByRole('button', { name: 'Leave' }).click();
    await reads(ada, 'Grace left');
    expect(await people(ada)).toEqual(['Ada (you)']);

    // The stranger's own message arrives after everything that might have come from the kitchen.
    await say(stranger, 'Hello?');
    await reads(stranger, 'Hello?');
    expect(await stranger.getByRole('log').textContent()).not.toMatch(/anyone|I am|Ada|Grace/);
    expect(complaints).toEqual([]);
  }, 90_000);

  test('a page reconnects by itself when the server restarts, and keeps the unsent text', async () => {
    const ada = await enter(await visit(), 'Ada');
    const grace = await enter(await visit(), 'Grace');
    await ada.getByLabel('Your message').fill('half writ');
    const { port } = server;
    await server.stop();
    for (const page of [ada, grace]) {
      await page.getByRole('status').filter({ hasText: 'Connection lost' }).waitFor();
      expect(await page.getByRole('button', { name: 'Send' }).isDisabled()).toBe(true);
    }
    await ada.keyboard.press('Enter');

    server = await start(port);
    for (const page of [ada, grace]) await page.getByRole('status').filter({ hasText: 'Connected as' }).waitFor();
    await reads(ada, 'You are back as Ada');
    expect(await ada.getByLabel('Your message').inputValue()).toBe('half writ');
    await ada.getByLabel('Your message').press('End');
    await ada.keyboard.type('ten');
    await ada.keyboard.press('Enter');
    await reads(grace, 'half written');
    for (const [page, other] of [
      [ada, 'Grace'],
      [grace, 'Ada'],
    ] as const) {
      await page.getByRole('list').getByText(other, { exact: true }).waitFor();
    }
    expect((await people(ada)).sort()).toEqual(['Ada (you)', 'Grace']);
    // The browser itself reports each attempt without a server, and a resource that the stop interrupts.
    expect(complaints.filter((text) => !/net::ERR_(?:CONNECTION_REFUSED|INCOMPLETE_CHUNKED)/.test(text))).toEqual([]);
  }, 90_000);

  test('shows markup in names and messages as text', async () => {
    const attack = '<img src=x onerror="document.title=1">';
    const ada = await enter(await visit(), '<b>Ada</b>');
    const grace = await enter(await visit(), 'Grace');
    await say(ada, attack);
    await reads(grace, attack);
    expect(await grace.locator('#chat img:not([src="/icon.svg"]), #chat b').count()).toBe(0);
    expect(await people(grace)).toEqual(['Grace (you)', '<b>Ada</b>']);
    expect(await grace.title()).toBe('lobby · Serval chat');
    expect(complaints).toEqual([]);
  }, 90_000);

  test('a phone of 360 by 740 shows everything without scrolling sideways', async () => {
    const viewport = { width: 360, height: 740 };
    const phone = await visit('/?room=a-room-with-quite-a-long-name', { viewport });
    const width = (): Promise<number> => phone.evaluate('document.documentElement.scrollWidth');
    expect(await width()).toBe(360);
    await enter(phone, 'W'.repeat(24));
    for (const name of ['Ada', 'Grace', 'M'.repeat(24)]) {
      await enter(await visit('/?room=a-room-with-quite-a-long-name'), name);
    }
    await say(phone, 'onewordwithoutaplacetobreak'.repeat(20));
    await reads(phone, 'onewordwithoutaplacetobreak'.repeat(20));
    expect(await width()).toBe(360);
    for (const button of ['Send', 'Leave']) {
      const box = await phone.getByRole('button', { name: button }).boundingBox();
      expect(box).not.toBeNull();
      expect(box!.x + box!.width).toBeLessThanOrEqual(360);
      expect(box!.y + box!.height).toBeLessThanOrEqual(740);
    }
    expect(complaints).toEqual([]);
  }, 90_000);

  test('everything works by keyboard', async () => {
    const page = await visit('/?room=keys');
    // The first field has the focus.
    await page.keyboard.type('Ada');
    await page.keyboard.press('Enter');
    await page.getByRole('status').filter({ hasText: 'Connected as Ada' }).waitFor();
    await page.keyboard.type('first line');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('second line');
    await page.keyboard.press('Enter');
    await page.getByRole('log').getByText('first line').waitFor();
    expect(await page.locator('.text').textContent()).toBe('first line\nsecond line');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.id')).toBe('send');
    for (let presses = 0; presses < 2; presses++) await page.keyboard.press('Shift+Tab');
    expect(await page.evaluate('document.activeElement.id')).toBe('log');
    expect(complaints).toEqual([]);
  }, 90_000);

  test('a name that the server refuses leads back to the form, with the reason', async () => {
    const page = await visit();
    // The form would refuse it.
    await page.evaluate('document.getElementById("room").removeAttribute("pattern")');
    await page.getByLabel('Your name').fill('Ada');
    await page.getByLabel('Room', { exact: true }).fill('a/b');
    await page.getByRole('button', { name: 'Join the room' }).click();
    await page.getByRole('alert').filter({ hasText: 'A room has 1 to 32' }).waitFor();
    expect(await page.getByRole('button', { name: 'Join the room' }).isVisible()).toBe(true);
    expect(complaints).toEqual([]);
  }, 90_000);

  test('the title of a hidden page counts unread messages', async () => {
    const ada = await enter(await visit(), 'Ada');
    const grace = await enter(await visit(), 'Grace');
    // A headless page never becomes hidden.
    const hide = (hidden: boolean): Promise<void> =>
      ada.evaluate(`Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'))`);
    await hide(true);
    await say(grace, 'one');
    await say(grace, 'two');
    await reads(ada, 'two');
    expect(await ada.title()).toBe('(2) lobby · Serval chat');
    await hide(false);
    expect(await ada.title()).toBe('lobby · Serval chat');
  }, 90_000);
});
