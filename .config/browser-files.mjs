// The files of the browser client that need no bundler: browser.mjs, an ES module, and browser.js for a plain script tag, which
// sets the global `serval`. Both are minified.
import { buildSync } from 'esbuild';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('../packages/browser/src/index.ts', import.meta.url));
const COMMONJS = './dist/browser.js';
const MODULE = './browser.mjs';
const SCRIPT = './browser.js';

/** Writes both files into a folder. */
export function buildBrowserFiles(folder) {
  const options = { entryPoints: [ENTRY], bundle: true, minify: true, target: 'es2022', logLevel: 'warning' };
  buildSync({ ...options, format: 'esm', outfile: join(folder, MODULE) });
  buildSync({ ...options, format: 'iife', globalName: 'serval', outfile: join(folder, SCRIPT) });
}

/**
 * Adds the files to the package. A bundler for pages and workers finds the client under the name `serval` too.
 *
 * @returns the manifest with their exports
 */
export function addBrowserFiles(folder, manifest) {
  buildBrowserFiles(folder);
  writeFileSync(join(folder, 'browser.d.mts'), `export * from '${COMMONJS}';\n`);
  const page = { require: COMMONJS, default: MODULE };
  return {
    ...manifest,
    exports: {
      ...manifest.exports,
      '.': { browser: page, worker: page, default: manifest.exports['.'] },
      './browser': { import: MODULE, default: COMMONJS },
    },
    unpkg: SCRIPT,
    jsdelivr: SCRIPT,
    files: [...manifest.files, 'browser.js', 'browser.mjs', 'browser.d.mts'],
  };
}
