import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packDependencies, packServal, Project, type PackedServal } from '..';
import { callsOf } from '../echo-program';

// The tarball, installed by pnpm and yarn 4 into an empty project; packed.test.ts does it with npm. The dependencies come
// as tarballs, so that no registry decides about the result.

const TOOLS = join(__dirname, '..', 'tools', 'node_modules');
const PNPM = [join(TOOLS, 'pnpm', 'bin', 'pnpm.mjs')];
const YARN = [join(TOOLS, '@yarnpkg', 'cli-dist', 'bin', 'yarn.js')];

jest.setTimeout(240_000);

let tarballs: string;
let packed: PackedServal;
let overrides: Readonly<Record<string, string>>;

beforeAll(async () => {
  tarballs = mkdtempSync(join(tmpdir(), 'serval-tarballs-'));
  packed = await packServal(tarballs);
  const dependencies = await packDependencies(packed.folder, tarballs);
  overrides = Object.fromEntries([...dependencies].map(([name, tarball]) => [name, `file:${tarball}`]));
});

afterAll(() => rmSync(tarballs, { recursive: true, force: true }));

interface Manager {
  /** Beside package.json, by name. */
  readonly files: Readonly<Record<string, string>>;
  readonly manifest: object;
  readonly install: readonly string[];
  /** The command that runs a file of the project. */
  readonly node: readonly string[];
}

const MANAGERS: Readonly<Record<string, () => Manager>> = {
  pnpm: () => ({
    files: { 'pnpm-workspace.yaml': JSON.stringify({ overrides }) },
    manifest: {},
    install: [...PNPM, 'install', '--offline'],
    node: [],
  }),
  'yarn 4 with Plug’n’Play': () => yarn('pnp'),
  'yarn 4 with node_modules': () => yarn('node-modules'),
};

function yarn(nodeLinker: string): Manager {
  const settings = { nodeLinker, enableTelemetry: false, enableNetwork: false, enableGlobalCache: false };
  return {
    files: { '.yarnrc.yml': JSON.stringify(settings), 'yarn.lock': '' },
    manifest: { resolutions: overrides },
    install: [...YARN, 'install'],
    node: [...YARN, 'node'],
  };
}

describe.each(Object.keys(MANAGERS))('%s', (name) => {
  test('installs Serval, and it runs as CommonJS and as an ES module, over both engines', async () => {
    const manager = MANAGERS[name]!();
    const project = await Project.create({ dependencies: { serval: `file:${packed.tarball}` }, ...manager.manifest });
    try {
      for (const [file, text] of Object.entries(manager.files)) await project.write(file, text);
      const installed = await project.run(process.execPath, manager.install);
      expect({ ...installed, output: installed.code === 0 ? '' : installed.output }).toEqual({ code: 0, output: '' });
      for (const engine of ['native', 'ws'] as const) {
        for (const [kind, file, text] of callsOf(engine)) {
          await project.write(file, text);
          const { code, output } = await project.run(process.execPath, [...manager.node, file]);
          expect({ kind, engine, code, output }).toEqual({ kind, engine, code: 0, output: 'you said hello\n' });
        }
      }
    } finally {
      await project.remove();
    }
  });
});
