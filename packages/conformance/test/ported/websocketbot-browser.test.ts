import { type Page } from 'playwright-core';
import { describeInBrowser, takePicture, Visits } from '../../../../examples/test-browser';
import { start } from '../../../../examples/ported/websocketbot/server';

describeInBrowser('websocketbot in a browser', (browser) => {
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

  async function join(name: string): Promise<Page> {
    const page = await visits.open(`http://127.0.0.1:${server.port}/`, { viewport: { width: 760, height: 640 } });
    await page.getByRole('status').filter({ hasText: 'Connected' }).waitFor();
    await page.getByLabel('Your name').fill(name);
    await page.keyboard.press('Enter');
    await page.getByRole('list', { name: 'Here now' }).getByText(name, { exact: true }).waitFor();
    return page;
  }

  async function say(page: Page, text: string): Promise<void> {
    await page.getByLabel('Your message').fill(text);
    await page.keyboard.press('Enter');
  }

  const reads = (page: Page, line: string): Promise<void> =>
    page.getByRole('log').locator('p').filter({ hasText: line }).waitFor();

  const users = (page: Page): Promise<string[]> =>
    page.getByRole('list', { name: 'Here now' }).locator('li').allTextContents();

  test('two people talk with each other and with Duke, and see who joins and leaves', async () => {
    const ann = await join('Ann');
    const ben = await join('Ben');
    await reads(ann, 'Ben has joined the chat');
    expect(await users(ann)).toEqual(['Duke', 'Ann', 'Ben']);
    await say(ann, '@Ben have you met the robot?');
    await reads(ben, 'Ann: @Ben have you met the robot?');
    await say(ben, 'Not yet. @Duke, how are you?');
    for (const page of [ann, ben]) {
      await reads(page, 'Ben: @Duke Not yet. how are you?');
      await reads(page, 'Duke: @Ben Very well, thanks.');
    }
    await say(ben, 'Polite!');
    await reads(ann, 'Ben: Polite!');
    expect(await takePicture(ann, 'ported/websocketbot')).toBeLessThan(60_000);

    await ben.close();
    await reads(ann, 'Ben has left the chat');
    expect(await users(ann)).toEqual(['Duke', 'Ann']);
    await ann.getByText('Messages on the wire').click();
    await ann.getByText('→ {"type":"chat","name":"Ann","target":"Ben","message":"have you met the robot?"}').waitFor();
    await ann.getByText('← {"type":"chat","name":"Ben","target":"","message":"Polite!"}').waitFor();
    expect(visits.complaints).toEqual([]);
  }, 90_000);

  test('markup in names and messages is shown as text', async () => {
    const ann = await join('<b>Ann</b>');
    const ben = await join('Ben');
    await say(ann, '<img src=x onerror=alert(1)>');
    await reads(ben, '<b>Ann</b>: <img src=x onerror=alert(1)>');
    expect(await ben.locator('.talk img, .talk b').count()).toBe(0);
    expect(visits.complaints).toEqual([]);
  }, 90_000);
});
