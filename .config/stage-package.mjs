// Makes the one package that users install out of the workspaces that `serval` and its subpaths reach: the code of each
// workspace as one file, and its declarations with relative paths in place of @serval/*. A new subpath is a line in the
// exports of packages/serval/package.json.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { addBrowserFiles } from './browser-files.mjs';

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
  const code = new Code(folder);
  const declarations = new Declarations(folder);
  code.addEntries(entriesOf(main));
  for (const entry of entriesOf(main)) declarations.add(MAIN, entry.replace(/\.js$/, '.d.ts'));
  const manifest = addBrowserFiles(folder, publicManifest(main, [MAIN, ...code.workspaces]));
  const missing = [...code.externals].filter((name) => !isDeclared(manifest, name));
  if (missing.length > 0) throw new Error(`no workspace depends on ${missing.join(', ')}`);
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  writeFileSync(join(folder, 'README.md'), publicReadme(readFileSync(pathOf(MAIN, 'README.md'), 'utf8')));
  copyFileSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
  return manifest;
}

/**
 * The code: the files of `serval`, and one for all workspaces that the main entry needs, so that a start reads two files. A workspace that only other entries need has a file of its own.
 *
 * In such a file every module stays a function, which runs when it is first required. So classes keep their names, modules
 * load in the order of the workspaces, and each class exists once. (esbuild renames classes that mention themselves:
 * `class _Session`.)
 */
class Code {
  workspaces = new Set();
  /** The packages of others that the code loads. */
  externals = new Set();
  /** The file in the package that holds a workspace. */
  #homes = new Map();

  constructor(folder) {
    this.folder = folder;
  }

  /** @param entries such as dist/index.js; the main one first */
  addEntries(entries) {
    const [core, ...others] = entries.map((entry) => [...this.#workspacesFor(MAIN, [entry])]);
    this.#addGroup('dist/core.js', core);
    for (const name of others.flat()) if (!this.#homes.has(name)) this.#addGroup(`dist/${name}/index.js`, [name]);
    for (const entry of entries) this.#addEntry(entry);
  }

  /** The workspaces that files of a workspace import, and those that these import. */
  #workspacesFor(workspace, files, found = new Set()) {
    for (const specifier of [...modulesOf(workspace, files).values()].flatMap(requiresOf)) {
      const name = workspaceOf(specifier);
      if (name === undefined || found.has(name)) continue;
      found.add(name);
      this.#workspacesFor(name, filesOf(name), found);
    }
    return found;
  }

  /** An entry, and the files of `serval` that it requires, which other entries may require too. */
  #addEntry(entry) {
    for (const [file, source] of modulesOf(MAIN, [entry])) {
      const code = this.#resolve(MAIN, file, source, file);
      const path = pathOf(MAIN, file);
      // An import of ES modules finds the names of CommonJS by reading the code (cjs-module-lexer).
      const names = file !== entry || code.startsWith('#!') ? [] : Object.keys(createRequire(path)(path)).sort();
      this.#write(file, names.length === 0 ? code : `${code}0 && (module.exports = { ${names.join(', ')} });\n`);
    }
  }

  #addGroup(home, names) {
    for (const name of names) {
      this.workspaces.add(name);
      this.#homes.set(name, home);
    }
    const modules = names.flatMap((name) =>
      [...modulesOf(name, filesOf(name))].map(([file, code]) => {
        const resolved = this.#resolve(name, file, code.replace(/^"use strict";\n/, ''), home);
        return `${quote(moduleName(name, file))}(exports, module) {\n${resolved}},`;
      }),
    );
    const entries = names.flatMap((name) =>
      subpathsOf(manifestOf(name)).map((subpath) => {
        const module = moduleName(name, entryOf(manifestOf(name), subpath));
        return `get ${quote(join(name, subpath))}() { return $load(${quote(module)}); },`;
      }),
    );
    const code = [
      '"use strict";',
      'const $modules = {',
      ...modules,
      '};',
      LOAD,
      'module.exports = {',
      ...entries,
      '};\n',
    ].join('\n');
    // With one character beyond Latin-1, V8 keeps all of the code in twice the memory.
    this.#write(
      home,
      code.replace(/[^\0-\x7f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
    );
  }

  /** @returns the code with its requires as in the package */
  #resolve(workspace, file, code, home) {
    return code.replace(REQUIRE, (call, _quotes, specifier) => {
      if (specifier.startsWith('.') && workspace === MAIN) return call;
      if (specifier.startsWith('.'))
        return `$load(${quote(moduleName(workspace, relativeTo(workspace, file, specifier)))})`;
      const name = workspaceOf(specifier);
      if (name !== undefined) {
        const id = specifier.slice(SCOPE.length);
        const module = moduleName(name, entryOf(manifestOf(name), ['.', ...id.split('/').slice(1)].join('/')));
        const other = this.#homes.get(name);
        return other === home
          ? `$load(${quote(module)})`
          : `require(${quote(relativeImport(home, other))})[${quote(id)}]`;
      }
      if (!isBuiltin(specifier)) this.externals.add(packageOf(specifier));
      // esbuild, and tools that stand on it, cannot bundle a `require` of Node's own modules as an ES module ("Dynamic
      // require of …"). `node:module` stays, because Jest gives its own to code that requires it; it is loaded only where
      // it is needed.
      else if (specifier !== 'node:module') return `process.getBuiltinModule("${specifier}")`;
      return call;
    });
  }

  #write(target, code) {
    const path = join(this.folder, target);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, code);
  }
}

// tsc writes double quotes for an import, and leaves the quotes of a require.
const REQUIRE = /(?<![.#\w$])require\((["'])([^"']+)\1\)/g;

// With another kind of module, TypeScript replaces the import() of a scan.
const OPTIONS = { allowJs: true, module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, removeComments: true };

/** The start of each module of a file; as in Node, a module whose code throws runs again when it is required again. */
const LOAD = `const $loaded = new Map();
function $load(name) {
    let module = $loaded.get(name);
    if (module === undefined) {
        module = { exports: {} };
        $loaded.set(name, module);
        try {
            $modules[name].call(module.exports, module.exports, module);
        }
        catch (error) {
            $loaded.delete(name);
            throw error;
        }
    }
    return module.exports;
}`;

/** The files of a workspace and all that they require in it, with their code. */
function modulesOf(workspace, files) {
  const modules = new Map();
  const add = (file) => {
    if (modules.has(file)) return;
    const code = readCode(workspace, file);
    modules.set(file, code);
    for (const specifier of requiresOf(code))
      if (specifier.startsWith('.')) add(relativeTo(workspace, file, specifier));
  };
  files.forEach(add);
  return modules;
}

/** What webpack must leave alone: the import of a file that the program names. */
const IMPORT_OF_EXPRESSION = /(?<![.#\w$])import\((?!["'])/g;

/** The code of a file, without comments but for those that bundlers read. */
function readCode(workspace, file) {
  const path = pathOf(workspace, file);
  let code = codes.get(path);
  if (code === undefined) {
    const { outputText } = ts.transpileModule(readFileSync(path, 'utf8'), { compilerOptions: OPTIONS });
    code = outputText.replace(IMPORT_OF_EXPRESSION, 'import(/* webpackIgnore: true */ ');
    codes.set(path, code);
  }
  return code;
}

const codes = new Map();

function requiresOf(code) {
  return [...code.matchAll(REQUIRE)].map(([, , specifier]) => specifier);
}

function filesOf(workspace) {
  const manifest = manifestOf(workspace);
  return subpathsOf(manifest).map((subpath) => entryOf(manifest, subpath));
}

/** @returns undefined for a module of Node or of another package */
function workspaceOf(specifier) {
  return specifier.startsWith(SCOPE) ? specifier.slice(SCOPE.length).split('/', 1)[0] : undefined;
}

/** The name of a module in the file that holds it. */
function moduleName(workspace, file) {
  return file.replace(/^dist\//, `${workspace}/`);
}

function relativeTo(workspace, file, specifier) {
  return withExtension(workspace, join(dirname(file), specifier), '.js');
}

const quote = JSON.stringify;

/** The declarations of a package, each with those that it imports. */
class Declarations {
  #done = new Set();

  constructor(folder) {
    this.folder = folder;
  }

  /** @param file from the workspace's folder, such as dist/index.d.ts */
  add(workspace, file) {
    const target = targetOf(workspace, file);
    if (this.#done.has(target)) return;
    this.#done.add(target);
    let text = readFileSync(pathOf(workspace, file), 'utf8').replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n');
    // From the end, so that what is replaced moves nothing that is still to come.
    for (const { fileName: specifier, pos, end } of importsOf(text).reverse()) {
      const replacement = this.#resolve(specifier, workspace, file);
      // A position may be that of the quotes, or within them.
      const begin = text.lastIndexOf(specifier, end);
      if (begin < pos) throw new Error(`${target}: ${specifier} is not where it was found`);
      text = text.slice(0, begin) + replacement + text.slice(begin + specifier.length);
    }
    const path = join(this.folder, target);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** @returns the specifier in the package */
  #resolve(specifier, workspace, file) {
    // Declarations that the compiler writes by itself name Node's modules without `node:`.
    if (isBuiltin(specifier)) return specifier;
    if (specifier.startsWith('.')) {
      this.add(workspace, withExtension(workspace, join(dirname(file), specifier), '.d.ts'));
      return specifier;
    }
    if (!specifier.startsWith(SCOPE)) throw new Error(`${workspace}/${file} needs types of ${specifier}`);
    const [name, ...path] = specifier.slice(SCOPE.length).split('/');
    const entry = entryOf(manifestOf(name), ['.', ...path].join('/'));
    this.add(name, entry.replace(/\.js$/, '.d.ts'));
    return relativeImport(targetOf(workspace, file), targetOf(name, entry));
  }
}

function importsOf(text) {
  return ts.preProcessFile(text, true, true).importedFiles;
}

/** Where a file of a workspace lies in the package: those of `serval` at the top, each other workspace in a folder. */
function targetOf(workspace, file) {
  return workspace === MAIN ? file : file.replace(/^dist\//, `dist/${workspace}/`);
}

function relativeImport(from, to) {
  const path = relative(dirname(from), to).replaceAll('\\', '/');
  return path.startsWith('.') ? path : `./${path}`;
}

function withExtension(workspace, file, extension) {
  const stem = file.replaceAll('\\', '/').replace(/\.js$/, '');
  return (
    [`${stem}${extension}`, `${stem}/index${extension}`].find((path) => existsSync(pathOf(workspace, path))) ?? stem
  );
}

function packageOf(specifier) {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function subpathsOf({ exports }) {
  return Object.keys(exports).filter((name) => name !== './package.json');
}

function entriesOf(manifest) {
  const bins = Object.values(manifest.bin ?? {}).map((path) => path.replace(/^\.\//, ''));
  return [...subpathsOf(manifest).map((name) => entryOf(manifest, name)), ...bins];
}

function entryOf({ name, exports }, subpath) {
  const entry = exports[subpath];
  if (entry === undefined) throw new Error(`${name} exports no ${subpath}`);
  return (typeof entry === 'string' ? entry : entry.default).replace(/^\.\//, '');
}

/** What users read of the manifest, with the dependencies of all workspaces that are in the package. */
function publicManifest(main, workspaces) {
  const manifests = workspaces.map(manifestOf);
  const subpaths = subpathsOf(main).filter((name) => name !== '.');
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
    // Metadata and the client register themselves.
    sideEffects: [...main.sideEffects, './dist/core.js'],
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
