import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { countLines, countLinesOf } from './test-lines';

// The table "Lines" of docs/guides/node-services.md, against the programs that it names.

const DOCS = join(__dirname, '../../docs/guides');

const rows = [...readFileSync(join(DOCS, 'node-services.md'), 'utf8').matchAll(/^\| \[.*\]\(.*\) \| .*\d.* \|$/gm)].map(
  ([row]) => [...row.matchAll(/\d+/g)].map(Number),
);

/** The lines of the blocks of TypeScript below a heading of a guide. */
function blocksOf(page: string, heading: string): number[] {
  const [, text = ''] = readFileSync(join(DOCS, page), 'utf8').split(`\n## ${heading}\n`);
  return [...text.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = '']) => countLinesOf(code));
}

test('the table of lines is that of the programs', () => {
  const [gateway, nest] = blocksOf('hosts-nestjs.md', 'Coming from NestJS gateways');
  expect(rows).toEqual([
    ['express/server.ts', 'express/socket-io.ts'].map(countLines),
    ['fastify/server.ts', 'fastify/fastify-websocket.ts', 'fastify/socket-io.ts'].map(countLines),
    [nest, gateway],
    ['page/serval.ts', 'page/socket-io.ts', 'page/partysocket.ts'].map(countLines),
    ['page/node.ts', 'page/socket-io.ts', 'page/partysocket.ts'].map(countLines),
  ]);
});

test.each([0, 1, 2, 3, 4])('in row %i Serval has the fewest lines', (row) => {
  const [own = Infinity, ...others] = rows[row] ?? [];
  expect(others.length).toBeGreaterThan(0);
  for (const other of others) expect(own).toBeLessThan(other);
});
