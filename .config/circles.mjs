// `npm run lint`: fails when a file imports, even by type, directly or through others, a file that imports it.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cruise } from 'dependency-cruiser';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

// The specification's own types name each other: a Session has a container, whose connectToServer takes an endpoint and
// its configuration and returns a Session. Circles of these files alone are known; each has to be in one.
const KNOWN = new Set(
  [
    'client-endpoint-config',
    'endpoint',
    'interceptor',
    'remote-endpoint',
    'rooms',
    'server-endpoint-config',
    'session',
    'web-socket-container',
  ].map((name) => `packages/api/src/${name}.ts`),
);

const MOST_SHOWN = 10;

process.chdir(ROOT);
const { output } = await cruise(
  ['packages', 'examples'],
  {
    includeOnly: '^(packages/[^/]+/src|examples)/',
    exclude: '(^|/)(dist|node_modules|fixtures)/|\\.test\\.ts$',
    // Sees type imports, which tsc erases.
    tsPreCompilationDeps: true,
    validate: true,
    ruleSet: { forbidden: [{ name: 'circle', from: {}, to: { circular: true } }] },
  },
  { alias: sourcesByName() },
);

const circles = new Map();
const seen = new Set();
let typeImports = 0;
let packageImports = 0;
for (const { source, dependencies } of output.modules) {
  for (const { resolved, dependencyTypes } of dependencies) {
    if (dependencyTypes.includes('type-only')) typeImports += 1;
    if (resolved.startsWith('packages/') && packageOf(source) !== packageOf(resolved)) packageImports += 1;
  }
}
for (const { source, dependencies } of output.modules) {
  for (const { circular, cycle = [] } of dependencies) {
    if (!circular) continue;
    const files = [source, ...cycle.map(({ name }) => name)];
    if (files.every((file) => KNOWN.has(file))) {
      for (const file of files) seen.add(file);
      continue;
    }
    circles.set([...new Set(files)].sort().join(), files);
  }
}

// Without its TypeScript parser the library finds nothing, and says nothing.
if (typeImports === 0 || packageImports === 0) {
  console.error(
    `circles: found ${typeImports} type imports and ${packageImports} imports between packages; expected both.`,
  );
  process.exitCode = 1;
}
// One import closes many circles; the shortest ones show it best.
const shortest = [...circles.values()].sort((one, other) => one.length - other.length).slice(0, MOST_SHOWN);
for (const files of shortest) console.error(`circle: ${files.join(' → ')}`);
if (circles.size > shortest.length) console.error(`… and ${circles.size - shortest.length} more circles`);
if (circles.size > 0) process.exitCode = 1;

const free = [...KNOWN].filter((file) => !seen.has(file));
if (free.length > 0) {
  console.error(
    `circles: ${free.join(', ')} ${free.length === 1 ? 'is' : 'are'} in no circle; remove from the known ones.`,
  );
  process.exitCode = 1;
}

/** The paths of the tests' tsconfig: each package's name stands for its sources. */
function sourcesByName() {
  const { config } = ts.readConfigFile('packages/tsconfig.test.json', ts.sys.readFile);
  const paths = Object.entries(config.compilerOptions.paths);
  // A dollar ends a name: 'serval' is not the beginning of 'serval/testing'.
  return Object.fromEntries(
    paths.map(([name, [path]]) => [name.includes('*') ? name : `${name}$`, join(ROOT, 'packages', path)]),
  );
}

function packageOf(file) {
  return file.split('/').slice(0, 2).join('/');
}
