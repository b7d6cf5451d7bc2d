import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COUNTED_LOADS, countWork, missingCounters, type WorkCounts } from '../src/work-counts';

// A part of `npm run test:full`. UPDATE_COUNTS=1 writes the bounds.
jest.setTimeout(600_000);

/** On a busy machine what arrives comes in more pieces. */
const MORE_CALLS = 1.25;

const FILE = join(__dirname, '../work-counts.json');
/** By Node's major version: other versions bring another V8, and other counts. */
type Bounds = Record<string, Record<string, WorkCounts>>;
const bounds = JSON.parse(readFileSync(FILE, 'utf8')) as Bounds;
const [major = ''] = process.versions.node.split('.');
const updates = process.env['UPDATE_COUNTS'] === '1';

const DIST = join(__dirname, '../dist');
const SERVER = ['--require', join(DIST, 'servers/control.js'), join(DIST, 'servers/serval.js')];

const isCounted = missingCounters().length === 0 && (updates || bounds[major] !== undefined);
const counted = isCounted ? describe : describe.skip;

counted(`the work of the server on Node.js ${major} does not grow`, () => {
  test.each(COUNTED_LOADS)('$name', async (load) => {
    const counts = await countWork(SERVER, load);
    if (updates) {
      (bounds[major] ??= {})[load.name] = counts;
      writeFileSync(FILE, `${JSON.stringify(bounds, null, 2)}\n`);
    }
    const bound = bounds[major]?.[load.name];
    const most = {
      instructions: (bound?.instructions ?? 0) * load.tolerance,
      systemCalls: (bound?.systemCalls ?? 0) * MORE_CALLS,
    };
    // The counts stand in the message of a failure.
    expect({
      ...counts,
      isWithinBounds: counts.instructions <= most.instructions && counts.systemCalls <= most.systemCalls,
    }).toEqual({ ...counts, isWithinBounds: true });
  });
});
