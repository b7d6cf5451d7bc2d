import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { dependencyFolders } from './tarballs';
import { ROOT, runTool, type ToolOptions, type ToolRun } from './tool';

/** A user's project in its own folder. */
export class Project {
  private constructor(readonly directory: string) {}

  static async create(manifest: object = {}): Promise<Project> {
    const project = new Project(await mkdtemp(join(tmpdir(), 'serval-project-')));
    await project.write('package.json', JSON.stringify({ name: 'project', private: true, ...manifest }));
    return project;
  }

  async write(name: string, text: string): Promise<string> {
    const path = join(this.directory, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    return path;
  }

  run(command: string, args: readonly string[], options: Partial<ToolOptions> = {}): Promise<ToolRun> {
    return runTool(command, args, { cwd: this.directory, ...options });
  }

  /** Installs the workspace `serval` as a link to its folder. */
  linkWorkspace(): void {
    this.#link('serval', join(ROOT, 'packages', 'serval'));
  }

  /** Installs a copy of the packed files, with links to their dependencies, without a package manager. */
  linkPacked(folder: string): void {
    cpSync(folder, join(this.directory, 'node_modules', 'serval'), { recursive: true });
    for (const [name, at] of dependencyFolders(folder)) this.#link(name, at);
  }

  #link(name: string, folder: string): void {
    const at = join(this.directory, 'node_modules', name);
    mkdirSync(dirname(at), { recursive: true });
    symlinkSync(folder, at, 'junction');
  }

  /** Installs tarballs and nothing else. */
  async install(tarballs: readonly string[]): Promise<void> {
    const flags = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error'];
    const { code, output } = await this.run('npm', ['install', ...flags, ...tarballs]);
    if (code !== 0) throw new Error(`npm install failed:\n${output}`);
  }

  /**
   * Installs what another project has, as pnpm lays it out: a project sees what it names alone, and each package lies
   * beside its own dependencies.
   */
  installLikePnpm(from: Project, names: readonly string[]): void {
    const flat = join(from.directory, 'node_modules');
    const installed = readdirSync(flat)
      .filter((name) => !name.startsWith('.'))
      .flatMap((name) =>
        name.startsWith('@') ? readdirSync(join(flat, name)).map((inner) => `${name}/${inner}`) : name,
      );
    const folderOf = (name: string): string =>
      join(this.directory, 'node_modules', '.pnpm', name.replace('/', '+'), 'node_modules');
    const link = (name: string, into: string): void => {
      mkdirSync(dirname(join(into, name)), { recursive: true });
      symlinkSync(join(folderOf(name), name), join(into, name), 'junction');
    };
    for (const name of installed) {
      const at = join(folderOf(name), name);
      cpSync(join(flat, name), at, { recursive: true });
      const manifest = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as {
        readonly dependencies?: object;
        readonly peerDependencies?: object;
      };
      const needed = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
      for (const other of needed.filter((other) => installed.includes(other))) link(other, folderOf(name));
    }
    for (const name of names) link(name, join(this.directory, 'node_modules'));
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}
