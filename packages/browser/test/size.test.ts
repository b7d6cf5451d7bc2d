import { build, type BuildOptions } from 'esbuild';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const SOURCES = join(__dirname, '..', 'src');

const OPTIONS = { bundle: true, format: 'esm', target: 'es2022', minify: true, write: false, metafile: true } as const;

async function bundle(code: string, options: BuildOptions = {}): Promise<{ bytes: number; files: string[] }> {
  const { outputFiles, metafile } = await build({
    ...OPTIONS,
    ...options,
    stdin: { contents: code, resolveDir: SOURCES, loader: 'ts' },
    absWorkingDir: SOURCES,
  });
  const files = Object.keys(metafile?.inputs ?? {}).filter((name) => name !== '<stdin>');
  return { bytes: gzipSync(outputFiles?.[0]?.contents ?? '', { level: 9 }).length, files };
}

test('connect takes at most 3072 bytes, minified and gzipped, and imports no other package', async () => {
  const { bytes, files } = await bundle(`export { connect } from './index';`);
  expect(bytes).toBeGreaterThan(1000);
  expect(bytes).toBeLessThanOrEqual(3072);
  expect(files.filter((file) => file.includes('..') || file.includes('node_modules'))).toEqual([]);
});

test('streamSocket adds at most 400 bytes', async () => {
  const { bytes } = await bundle(`export * from './index';`);
  expect(bytes).toBeLessThanOrEqual(3472);
});
