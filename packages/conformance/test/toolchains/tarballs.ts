import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT, runTool } from './tool';

const PACKAGES = join(ROOT, 'packages');

/** The package that users install. */
export interface PackedServal {
  /** Its unpacked content. */
  readonly folder: string;
  readonly tarball: string;
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Packs Serval, by the command that a user runs. */
export async function packServal(destination: string): Promise<PackedServal> {
  const { code, output } = await runTool(process.execPath, ['.config/tarball.mjs', destination], { cwd: ROOT });
  if (code !== 0) throw new Error(`Serval could not be packed:\n${output}`);
  const [tarball, ...more] = tarballsIn(destination);
  if (tarball === undefined || more.length > 0) throw new Error(`Packing made ${more.length + 1} tarballs, not one.`);
  return { folder: join(destination, 'serval'), tarball };
}

/**
 * Packs the dependencies of a package, and theirs, as they lie in node_modules: an installation then needs no network.
 *
 * @returns the tarball of each, by its name
 */
export async function packDependencies(folder: string, destination: string): Promise<ReadonlyMap<string, string>> {
  const folders = dependencyFolders(folder);
  const { code, output } = await runTool(
    'npm',
    ['pack', '--json', '--offline', '--ignore-scripts', '--pack-destination', destination, ...folders.values()],
    { cwd: ROOT },
  );
  if (code !== 0) throw new Error(`The dependencies could not be packed:\n${output}`);
  const packed = JSON.parse(output.slice(output.indexOf('['))) as {
    readonly name: string;
    readonly filename: string;
  }[];
  return new Map(packed.map(({ name, filename }) => [name, join(destination, filename)]));
}

/** The folder of each dependency of a package, including indirect ones. */
export function dependencyFolders(folder: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const visit = (from: string, searched: readonly string[]): void => {
    for (const name of Object.keys(manifestOf(from).dependencies ?? {})) {
      if (found.has(name)) continue;
      const at = findPackage(name, searched);
      found.set(name, at);
      visit(at, [at]);
    }
  };
  // The workspaces have installed what the package made of them depends on.
  visit(
    folder,
    readdirSync(PACKAGES).map((name) => join(PACKAGES, name)),
  );
  return found;
}

function tarballsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.tgz'))
    .map((name) => join(folder, name));
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** The path at which Node finds a package from one of the folders. */
function findPackage(name: string, folders: readonly string[]): string {
  for (const from of folders) {
    for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
      const at = join(folder, 'node_modules', name);
      if (existsSync(at)) return realpathSync(at);
    }
  }
  throw new Error(`${name} is not installed.`);
}
