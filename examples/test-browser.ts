import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

// No sandbox, for a root user in a container; nothing that reaches for the network beyond this machine.
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * A suite of tests in a real browser. Where there is none it says so, in the title of a skipped test and on stderr.
 *
 * @param define is given a function that answers the browser, once the tests run
 */
export function describeInBrowser(title: string, define: (browser: () => Browser) => void): void {
  const executablePath = findBrowser();
  if (executablePath === undefined) {
    const why = 'SKIPPED, because no Chromium was found (install one, or set CHROMIUM_PATH)';
    test.skip(`${title}: ${why}`, () => undefined);
    // Jest shows no title of a suite that is skipped as a whole.
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

/** `CHROMIUM_PATH` alone where it is set, else the usual places. */
function findBrowser(): string | undefined {
  const { CHROMIUM_PATH } = process.env;
  if (CHROMIUM_PATH) return existsSync(CHROMIUM_PATH) ? CHROMIUM_PATH : undefined;
  const onPath = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [...NAMES.map((name) => `/usr/bin/${name}`), ...onPath].find((path) => existsSync(path));
}
