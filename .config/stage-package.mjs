// Makes the one package that users install out of the workspaces: the compiled files that `serval` and its subpaths reach,
// with relative paths in place of @serval/*. A new subpath is a line in the exports of packages/serval/package.json.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SCOPE = '@serval/';
const MAIN = 'serval';

/**
 * Writes the package into an empty folder.
 *
 * @returns its manifest
 */
export function stagePackage(folder) {
  rmSync(folder, { recursive: true, force: true });
  const main = manifestOf(MAIN);
  const staged = new Staged(folder);
  for (const entry of entriesOf(main)) {
    staged.add(MAIN, entry);
    staged.add(MAIN, entry.replace(/\.js$/, '.d.ts'));
  }
  const manifest = publicManifest(main, [...staged.workspaces]);
  const missing = [...staged.externals].filter((name) => !isDeclared(manifest, name));
  if (missing.length > 0) throw new Error(`no workspace depends on ${missing.join(', ')}`);
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  writeFileSync(join(folder, 'README.md'), publicReadme(readFileSync(pathOf(MAIN, 'README.md'), 'utf8')));
  copyFileSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
  return manifest;
}

/** The files of a package, each with those that it imports. */
class Staged {
  workspaces = new Set();
  /** The packages of others that the code loads. */
  externals = new Set();
  #done = new Set();

  constructor(folder) {
    this.folder = folder;
  }

  /** @param file from the workspace's folder, such as dist/index.js */
  add(workspace, file) {
    const target = targetOf(workspace, file);
    if (this.#done.has(target)) return;
    this.#done.add(target);
    this.workspaces.add(workspace);
    const isCode = file.endsWith('.js');
    let text = readFileSync(pathOf(workspace, file), 'utf8').replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n');
    // From the end, so that what is replaced moves nothing that is still to come.
    for (const { fileName: specifier, pos, end } of importsOf(text).reverse()) {
      const replacement = this.#resolve(specifier, workspace, file, isCode);
      // A position may be that of the quotes, or within them.
      const begin = text.lastIndexOf(specifier, end);
      if (begin < pos) throw new Error(`${target}: ${specifier} is not where it was found`);
      text = text.slice(0, begin) + replacement + text.slice(begin + specifier.length);
    }
    const path = join(this.folder, target);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, isCode ? withoutRequire(text) : text);
  }

  /** @returns the specifier in the package */
  #resolve(specifier, workspace, file, isCode) {
    // Declarations that the compiler writes by itself name Node's modules without `node:`.
    if (isBuiltin(specifier)) return specifier;
    if (specifier.startsWith('.')) {
      this.add(workspace, withExtension(workspace, join(dirname(file), specifier), isCode));
      return specifier;
    }
    if (!specifier.startsWith(SCOPE)) {
      if (isCode) this.externals.add(packageOf(specifier));
      else throw new Error(`${workspace}/${file} needs types of ${specifier}`);
      return specifier;
    }
    const [name, ...path] = specifier.slice(SCOPE.length).split('/');
    const entry = entryOf(manifestOf(name), ['.', ...path].join('/'));
    this.add(name, isCode ? entry : entry.replace(/\.js$/, '.d.ts'));
    return relativeImport(targetOf(workspace, file), targetOf(name, entry));
  }
}

function importsOf(text) {
  return ts.preProcessFile(text, true, true).importedFiles;
}

/**
 * Takes `require` from the loading of Node's own modules: esbuild, and tools that stand on it, cannot bundle it as an ES
 * module ("Dynamic require of …"). `node:module` stays, because Jest gives its own to code that requires it; it is loaded
 * only where it is needed.
 */
function withoutRequire(code) {
  return code.replace(/\brequire\((["'])(node:(?!module\1)[\w/]+)\1\)/g, 'process.getBuiltinModule("$2")');
}

/** Where a file of a workspace lies in the package: those of `serval` at the top, each other workspace in a folder. */
function targetOf(workspace, file) {
  return workspace === MAIN ? file : file.replace(/^dist\//, `dist/${workspace}/`);
}

function relativeImport(from, to) {
  const path = relative(dirname(from), to).replaceAll('\\', '/');
  return path.startsWith('.') ? path : `./${path}`;
}

function withExtension(workspace, file, isCode) {
  const extension = isCode ? '.js' : '.d.ts';
  const stem = file.replaceAll('\\', '/').replace(/\.js$/, '');
  return (
    [`${stem}${extension}`, `${stem}/index${extension}`].find((path) => existsSync(pathOf(workspace, path))) ?? stem
  );
}

function packageOf(specifier) {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function entriesOf({ exports, bin = {} }) {
  return [
    ...Object.keys(exports)
      .filter((name) => name !== './package.json')
      .map((name) => entryOf({ exports }, name)),
    ...Object.values(bin),
  ].map((path) => path.replace(/^\.\//, ''));
}

function entryOf({ name, exports }, subpath) {
  const entry = exports[subpath];
  if (entry === undefined) throw new Error(`${name} exports no ${subpath}`);
  return (typeof entry === 'string' ? entry : entry.default).replace(/^\.\//, '');
}

/** What users read of the manifest, with the dependencies of all workspaces that are in the package. */
function publicManifest(main, workspaces) {
  const manifests = workspaces.map(manifestOf);
  const subpaths = Object.keys(main.exports).filter((name) => /^\.\/(?!package\.json$)/.test(name));
  const optional = Object.assign({}, ...manifests.map(({ peerDependenciesMeta }) => peerDependenciesMeta));
  const own = Object.entries(main).filter(([key]) => key !== 'private' && key !== 'devDependencies');
  return {
    ...Object.fromEntries(own),
    // For TypeScript's older resolution, which does not know `exports`.
    typesVersions: {
      '*': Object.fromEntries(
        subpaths.map((name) => [name.slice(2), [`./${entryOf(main, name).replace(/\.js$/, '.d.ts')}`]]),
      ),
    },
    files: ['dist'],
    sideEffects: workspaces.flatMap((name) =>
      (manifestOf(name).sideEffects || []).map((path) => `./${targetOf(name, path.replace(/^\.\//, ''))}`),
    ),
    dependencies: merge(manifests.map(({ dependencies }) => dependencies)),
    peerDependencies: merge(manifests.map(({ peerDependencies }) => peerDependencies)),
    peerDependenciesMeta: optional,
  };
}

function merge(all) {
  const merged = new Map();
  for (const [name, range] of all.flatMap((dependencies = {}) => Object.entries(dependencies))) {
    if (name.startsWith(SCOPE)) continue;
    if ((merged.get(name) ?? range) !== range) throw new Error(`two workspaces need different versions of ${name}`);
    merged.set(name, range);
  }
  return Object.fromEntries([...merged].sort(([one], [other]) => (one < other ? -1 : 1)));
}

function isDeclared({ dependencies, peerDependencies }, name) {
  return name in dependencies || name in peerDependencies;
}

/** Up to the part for those who work on Serval, and without links to files that are not in the package. */
function publicReadme(text) {
  const [own] = text.split(/^## In this repository$/m);
  return `${own.replaceAll(/\[([^\]]+)\]\((?![a-z]+:|#)[^)]*\)/g, '$1').trimEnd()}\n`;
}

function manifestOf(workspace) {
  return JSON.parse(readFileSync(pathOf(workspace, 'package.json'), 'utf8'));
}

function pathOf(workspace, file) {
  return join(ROOT, 'packages', workspace, file);
}
