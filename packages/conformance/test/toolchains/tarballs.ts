import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT, runTool } from './tool';

const PACKAGES = join(ROOT, 'packages');

interface Manifest {
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** Packs every public package, by the command that a user runs. */
export async function packPackages(destination: string): Promise<readonly string[]> {
  const { code, output } = await runTool(process.execPath, ['.config/tarballs.mjs', destination], { cwd: ROOT });
  if (code !== 0) throw new Error(`The packages could not be packed:\n${output}`);
  return tarballsIn(destination);
}

/** Packs what the public packages depend on, as it lies in node_modules, so that an installation needs no network. */
export async function packDependencies(destination: string): Promise<readonly string[]> {
  const before = new Set(tarballsIn(destination));
  const folders = dependencyFolders();
  const { code, output } = await runTool(
    'npm',
    ['pack', '--offline', '--ignore-scripts', '--loglevel', 'error', '--pack-destination', destination, ...folders],
    { cwd: ROOT },
  );
  if (code !== 0) throw new Error(`The dependencies could not be packed:\n${output}`);
  return tarballsIn(destination).filter((tarball) => !before.has(tarball));
}

function tarballsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.tgz'))
    .map((name) => join(folder, name));
}

function dependencyFolders(): readonly string[] {
  const found = new Set<string>();
  const visit = (folder: string, isOwn: boolean): void => {
    const { dependencies, peerDependencies } = manifestOf(folder);
    // Optional peers of others, such as bufferutil, need not be there.
    for (const name of Object.keys({ ...dependencies, ...(isOwn && peerDependencies) })) {
      const at = resolve(name, folder);
      if (found.has(at) || at.startsWith(join(PACKAGES, name.replace('@serval/', '')))) continue;
      found.add(at);
      visit(at, false);
    }
  };
  for (const name of readdirSync(PACKAGES)) {
    const folder = join(PACKAGES, name);
    if (existsSync(join(folder, 'package.json')) && manifestOf(folder).private !== true) visit(folder, true);
  }
  return [...found];
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** Where Node finds a package from a folder. */
function resolve(name: string, from: string): string {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    const at = join(folder, 'node_modules', name);
    if (existsSync(at)) return realpathSync(at);
  }
  throw new Error(`${name} is not installed for ${from}.`);
}
