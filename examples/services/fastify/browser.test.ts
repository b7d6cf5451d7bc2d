import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeInBrowser, Visits } from '../../test-browser';
import { DEFAULTS } from './options';
import { start } from './server';

describeInBrowser('services/fastify in a browser', (browser) => {
  const visits = new Visits(browser);
  let server: Awaited<ReturnType<typeof start>>;
  let folder: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'serval-uploads-'));
    server = await start(0, { ...DEFAULTS, folder });
  });
  afterEach(async () => {
    await visits.end();
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  test('shows snapshots, and uploads a file', async () => {
    const page = await visits.open(`http://127.0.0.1:${server.port}/`);
    await page.getByText('Connected').waitFor();
    const number = page.locator('#number');
    await page.waitForFunction((output) => Number(output?.textContent) > 5, await number.elementHandle());
    const buffer = Buffer.alloc(3_000_000, 'tea ');
    await page.getByLabel('A file of any size').setInputFiles({ name: 'tea.txt', mimeType: 'text/plain', buffer });
    await page.getByRole('button', { name: 'Upload' }).click();
    await page.getByText('tea.txt: 3000000 bytes are on the disk.').waitFor();
    expect(readFileSync(join(folder, 'tea.txt')).equals(buffer)).toBe(true);
    expect(visits.complaints).toEqual([]);
  });
});
