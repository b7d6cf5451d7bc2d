import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

// No sandbox, for a root user in a container; nothing that connects beyond this machine.
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A page with files from a test has no address, and might not be allowed to connect to this machine.
  '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets',
];

const WAIT_MS = 30_000;

/**
 * A suite of tests in a real browser. Without a browser it says so in the title of a skipped test and on stderr.
 *
 * @param define receives a function that returns the browser once the tests run
 */
export function describeInBrowser(title: string, define: (browser: () => Browser) => void): void {
  const executablePath = findBrowser();
  if (executablePath === undefined) {
    const why = 'SKIPPED, because no Chromium was found (install one, or set CHROMIUM_PATH)';
    test.skip(`${title}: ${why}`, () => undefined);
    // Jest doesn't show the title of a completely skipped suite.
    process.stderr.write(`${title}: ${why}\n`);
    return;
  }
  describe(title, () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath, args: FLAGS });
    }, 60_000);
    afterAll(() => browser?.close());
    define(() => browser);
  });
}

/** The pages of one test: each in a separate context, as if it belonged to another person. */
export class Visits {
  /** The errors that the pages logged and threw. */
  readonly complaints: string[] = [];

  constructor(private readonly browser: () => Browser) {}

  /**
   * @param pagesOf the port of another server that serves the page's files; the page's WebSocket goes to the page's
   * apparent origin
   */
  async open(url: string, options: BrowserContextOptions = {}, pagesOf?: number): Promise<Page> {
    const context = await this.browser().newContext(options);
    // Shorter than the limit of the tests, so that the failure names the missing event.
    context.setDefaultTimeout(WAIT_MS);
    const page = await context.newPage();
    if (pagesOf !== undefined && String(pagesOf) !== new URL(url).port) {
      await page.route('**/*', async (route) => {
        const address = new URL(route.request().url());
        address.port = String(pagesOf);
        await route.fulfill({ response: await route.fetch({ url: address.href }) });
      });
    }
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(error.message));
    await page.goto(url);
    return page;
  }

  /** Closes all pages. */
  async end(): Promise<void> {
    const contexts = this.browser().contexts();
    await Promise.all(contexts.map((context) => context.close()));
  }
}

/**
 * Takes a picture of the window for an example's README. It is written if SCREENSHOTS is set:
 * `SCREENSHOTS=1 npm run test:full -- conformance/test/ported`.
 *
 * @param example the example's folder below `examples`
 * @returns its size in bytes
 */
export async function takePicture(page: Page, example: string): Promise<number> {
  const png = await page.screenshot({ animations: 'disabled', caret: 'hide' });
  if (process.env.SCREENSHOTS) writeFileSync(join(__dirname, example, 'screenshot.png'), png);
  return png.length;
}

/** Only `CHROMIUM_PATH` if it is set, otherwise the usual places. */
function findBrowser(): string | undefined {
  const { CHROMIUM_PATH } = process.env;
  if (CHROMIUM_PATH) return existsSync(CHROMIUM_PATH) ? CHROMIUM_PATH : undefined;
  const onPath = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [...NAMES.map((name) => `/usr/bin/${name}`), ...onPath].find((path) => existsSync(path));
}
