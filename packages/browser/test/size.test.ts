import { build, type BuildOptions } from 'esbuild';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const SOURCES = join(__dirname, '..', 'src');

const API = join(__dirname, '..', '..', 'api', 'src');

/** As .config/browser-files.mjs builds the client. */
const OPTIONS = {
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  write: false,
  metafile: true,
  alias: { '@serval/api': join(API, 'index.ts'), '@serval/api/spi': join(API, 'spi', 'index.ts') },
  logOverride: { 'ignored-bare-import': 'silent' },
} as const;

async function bundle(code: string, options: BuildOptions = {}): Promise<{ bytes: number; files: string[] }> {
  const { outputFiles, metafile } = await build({
    ...OPTIONS,
    ...options,
    stdin: { contents: code, resolveDir: SOURCES, loader: 'ts' },
    absWorkingDir: SOURCES,
  });
  const [output] = Object.values(metafile?.outputs ?? {});
  const files = Object.entries(output?.inputs ?? {}).flatMap(([name, { bytesInOutput }]) => {
    return bytesInOutput === 0 || name === '<stdin>' ? [] : [name];
  });
  return { bytes: gzipSync(outputFiles?.[0]?.contents ?? '', { level: 9 }).length, files };
}

test('connect takes at most 3072 bytes, minified and gzipped, and imports no other package', async () => {
  const { bytes, files } = await bundle(`export { connect } from './index';`);
  expect(bytes).toBeGreaterThan(1000);
  expect(bytes).toBeLessThanOrEqual(3072);
  expect(files.filter((file) => file.includes('..') || file.includes('node_modules'))).toEqual([]);
});

test('streamSocket adds at most 400 bytes', async () => {
  const { bytes } = await bundle(`export { connect, streamSocket } from './index';`);
  expect(bytes).toBeLessThanOrEqual(3472);
});

test('json, with messages by type and requests, adds at most 3300 bytes', async () => {
  const { bytes } = await bundle(`export { connect, json, ReplyException } from './index';`);
  expect(bytes).toBeLessThanOrEqual(6372);
});

test('a bundler drops json from the built module of a page that does not import it', async () => {
  const { outputFiles } = await build({ ...OPTIONS, entryPoints: [join(SOURCES, 'index.ts')] });
  const built = outputFiles[0]?.text ?? '';
  const outcome = await build({
    ...OPTIONS,
    plugins: [
      {
        name: 'built',
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^built$/ }, () => ({ path: 'built', namespace: 'built', sideEffects: false }));
          onLoad({ filter: /./, namespace: 'built' }, () => ({ contents: built }));
        },
      },
    ],
    stdin: { contents: `export { connect } from 'built';` },
  });
  expect(gzipSync(outcome.outputFiles[0]?.contents ?? '', { level: 9 }).length).toBeLessThanOrEqual(3300);
});
