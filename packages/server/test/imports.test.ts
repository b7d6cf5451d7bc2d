import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGES = join(__dirname, '..', '..');

/** The imports of a source file, static, dynamic or by `require`. */
function importsOf(source: string): string[] {
  return [...source.matchAll(/(?:\bfrom|\bimport|\brequire\()\s*\(?\s*['"]([^'"]+)['"]/g)].map(([, name = '']) => name);
}

test('recognises imports', () => {
  expect(
    importsOf(
      `import { a } from 'a';\nimport type b from "b";\nimport 'c';\nawait import('d');\nrequire('e');\nexport * from 'f';`,
    ),
  ).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
});

test('ws is installed with the package that imports it, without its types', () => {
  const manifest = JSON.parse(readFileSync(join(PACKAGES, 'protocol', 'package.json'), 'utf8')) as {
    readonly dependencies: object;
  };
  expect(manifest.dependencies).toHaveProperty('ws');
  expect(manifest.dependencies).not.toHaveProperty('@types/ws');
});

// The engine is exchangeable because only the protocol package imports it.
describe.each(['api', 'plan', 'container', 'sockjs', 'server', 'client'])('packages/%s', (name) => {
  const files = readdirSync(join(PACKAGES, name, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );

  test('has source files', () => {
    expect(files.length).toBeGreaterThan(10);
  });

  test.each(files)('src/%s does not import ws', (file) => {
    const imported = importsOf(readFileSync(join(PACKAGES, name, 'src', file), 'utf8'));
    expect(imported.filter((one) => one === 'ws' || one.startsWith('ws/') || one === '@types/ws')).toEqual([]);
  });

  test('its package.json does not name ws', () => {
    const manifest = JSON.parse(readFileSync(join(PACKAGES, name, 'package.json'), 'utf8')) as Record<string, object>;
    // The client's tests use a server of ws.
    const kinds = ['dependencies', 'peerDependencies', 'optionalDependencies'];
    if (name !== 'client') kinds.push('devDependencies');
    const named = kinds.flatMap((kind) => Object.keys(manifest[kind] ?? {}));
    expect(named.filter((one) => one === 'ws' || one === '@types/ws')).toEqual([]);
  });
});
