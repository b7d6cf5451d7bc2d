import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const NAMES = readdirSync(__dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

test.each(NAMES)('the README of %s shows a picture of at most 60 KB, and names source and licence', (name) => {
  const readme = readFileSync(join(__dirname, name, 'README.md'), 'utf8');
  const [, picture = ''] = /!\[[^\]]+\]\(([^)]+\.png)\)/.exec(readme) ?? [];
  expect(statSync(join(__dirname, name, picture)).size).toBeLessThanOrEqual(60 * 1024);
  expect(readme).toMatch(/https:\/\/github\.com\//);
  expect(readme).toMatch(/\b(BSD-3-Clause|Apache-2\.0|EDL-1\.0)\b/);
});
