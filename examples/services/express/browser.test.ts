import type { Page } from 'playwright-core';
import { pino } from 'pino';
import { describeInBrowser, Visits } from '../../test-browser';
import { start } from './server';

describeInBrowser('services/express in a browser', (browser) => {
  const visits = new Visits(browser);
  let server: Awaited<ReturnType<typeof start>>;

  beforeEach(async () => {
    server = await start(0, pino({ level: 'silent' }));
  });
  afterEach(async () => {
    await visits.end();
    await server.stop();
  });

  async function enter(name: string): Promise<Page> {
    const page = await visits.open(`http://127.0.0.1:${server.port}/`);
    await page.getByLabel('Your name').fill(name);
    await page.getByLabel('Password').fill('tea');
    await page.getByRole('button', { name: 'Enter' }).click();
    await page.getByText(`Connected as ${name}`).waitFor();
    return page;
  }

  const log = (page: Page, text: string): Promise<void> => page.getByRole('log').getByText(text).waitFor();

  test('two people log in, see each other, chat and whisper', async () => {
    const [ann, bob] = [await enter('ann'), await enter('bob')];
    await ann.getByText('ann, bob').waitFor();
    await ann.getByLabel('Your message').fill('Is there tea?');
    await ann.keyboard.press('Enter');
    await log(bob, 'ann: Is there tea?');
    await bob.getByLabel('To', { exact: true }).fill('ann');
    await bob.getByLabel('Your message').fill('There is.');
    await bob.keyboard.press('Enter');
    await log(ann, 'bob whispers: There is.');
    expect(await bob.getByRole('log').textContent()).not.toContain('whispers');
    expect(visits.complaints).toEqual([]);
  });

  test('a wrong password stays outside', async () => {
    const page = await visits.open(`http://127.0.0.1:${server.port}/`);
    await page.getByLabel('Your name').fill('eve');
    await page.getByLabel('Password').fill('coffee');
    await page.getByRole('button', { name: 'Enter' }).click();
    await page.getByText('That is not the password.').waitFor();
  });
});
