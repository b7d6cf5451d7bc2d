// The files of the browser client that need no bundler: browser.mjs, an ES module, and browser.js for a plain script tag, which
// sets the global `serval`; and browser.cjs for bundlers of pages that require it. All are minified.
import { buildSync } from 'esbuild';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('../packages/browser/src/index.ts', import.meta.url));
const API = fileURLToPath(new URL('../packages/api/src', import.meta.url));
const COMMONJS = './dist/browser.js';
const MODULE = './browser.mjs';
const SCRIPT = './browser.js';
const REQUIRED = './browser.cjs';

const OPTIONS = {
  entryPoints: [ENTRY],
  bundle: true,
  minify: true,
  target: 'es2022',
  logLevel: 'warning',
  // The sources, of which it drops what a page does not use, such as the brands of errors.
  alias: { '@serval/api': join(API, 'index.ts'), '@serval/api/spi': join(API, 'spi', 'index.ts') },
  logOverride: { 'ignored-bare-import': 'silent' },
};

/** Writes the files into a folder. */
export function buildBrowserFiles(folder) {
  buildBrowserModule(folder);
  buildSync({ ...OPTIONS, format: 'iife', globalName: 'serval', outfile: join(folder, SCRIPT) });
  buildSync({ ...OPTIONS, format: 'cjs', outfile: join(folder, REQUIRED) });
}

/** Writes the ES module into a folder, as a page of an example loads it from the workspace. */
export function buildBrowserModule(folder) {
  buildSync({ ...OPTIONS, format: 'esm', outfile: join(folder, MODULE) });
}

/**
 * Adds the files to the package. A bundler for pages and workers finds the client under the name `serval` too.
 *
 * @returns the manifest with their exports
 */
export function addBrowserFiles(folder, manifest) {
  buildBrowserFiles(folder);
  for (const name of ['browser.d.mts', 'browser.d.cts'])
    writeFileSync(join(folder, name), `export * from '${COMMONJS}';\n`);
  const page = { require: REQUIRED, default: MODULE };
  return {
    ...manifest,
    exports: {
      ...manifest.exports,
      '.': { browser: page, worker: page, default: manifest.exports['.'] },
      './browser': { browser: page, worker: page, import: MODULE, default: COMMONJS },
    },
    unpkg: SCRIPT,
    jsdelivr: SCRIPT,
    files: [...manifest.files, 'browser.js', 'browser.mjs', 'browser.cjs', 'browser.d.mts', 'browser.d.cts'],
  };
}
