#!/usr/bin/env bash
# addInitializer of a field decorator sees a value, sees undefined, or throws, depending on the compiler
#
# Versions   typescript 6.0.3, esbuild 0.28.2, @swc/core 1.16.22, deno 2.9.6 (all compile standard decorators)
# Expected   One class, one result: since May 2023 the proposal runs the extra initializers of a field or accessor
#            right after that field is set, so the callback reads its value.
# Instead    Deno, and swc with decoratorVersion 2022-03, run all of them before the first field is set, as
#            an earlier version of the proposal said. swc with 2023-11 is right for fields and early for accessors.
#            Output for a field and an accessor whose initializers read their own value:
#
#              tsc 6.0.3        url: ws://first, then token: secret
#              esbuild 0.28.2   url: ws://first, then token: secret
#              swc, 2023-11     url: ws://first, then token: TypeError
#              swc, 2022-03     token: TypeError, then url: undefined
#              deno 2.9.6       token: TypeError, then url: undefined
#
#            (The accessor's private field doesn't exist yet, hence the TypeError.) Babel 8 with 2023-11
#            agrees with tsc and esbuild. Methods behave the same everywhere: before the fields.
# Matters    A decorator library that registers, validates, observes or injects in a field's addInitializer works
#            when tsc compiles it. Under `deno run` or swc, the same source silently reads undefined, in a different
#            order, and a value that should be registered is missing much later. A library that must run everywhere
#            reads the value in the initializer that a field decorator returns (`(value) => value`), and uses
#            addInitializer only for methods.
# Seen       2026-11-30, Node.js 20.20.2
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm pkg set type=module >/dev/null
npm install --silent --no-audit --no-fund deno@2.9.6 @swc/core@1.16.22 typescript@6.0.3 esbuild@0.28.2

cat >source.ts <<'TS'
const seen: string[] = [];
function register(_: unknown, context: any): any {
  context.addInitializer(function (this: any) {
    let value: string;
    try {
      value = String(this[context.name]);
    } catch (error) {
      value = (error as Error).name;
    }
    seen.push(`${context.name}: ${value}`);
  });
}
class Client {
  @register url = 'ws://first';
  @register accessor token = 'secret';
}
new Client();
console.log(seen.join(', then '));
TS
cat >run.mjs <<'JS'
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { transformFileSync } from '@swc/core';
import { buildSync } from 'esbuild';

const run = (file, ...args) =>
  execFileSync(file, args, {
    encoding: 'utf8',
    env: { ...process.env, DENO_DIR: 'cache', NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' },
  }).trim();
run(
  process.execPath,
  'node_modules/typescript/lib/tsc.js',
  'source.ts',
  '--target',
  'es2022',
  '--module',
  'esnext',
  '--ignoreConfig',
  '--outDir',
  'tsc',
);
buildSync({ entryPoints: ['source.ts'], target: 'es2022', outfile: 'esbuild.mjs' });
for (const decoratorVersion of ['2023-11', '2022-03']) {
  const { code } = transformFileSync('source.ts', {
    jsc: { parser: { syntax: 'typescript', decorators: true }, target: 'es2022', transform: { decoratorVersion } },
  });
  writeFileSync(`swc-${decoratorVersion}.mjs`, code);
}

const SET = 'url: ws://first, then token: secret';
const EARLY = 'token: TypeError, then url: undefined';
let changed = false;
for (const [name, output, expected] of [
  ['tsc 6.0.3', run(process.execPath, 'tsc/source.js'), SET],
  ['esbuild 0.28.2', run(process.execPath, 'esbuild.mjs'), SET],
  ['swc, 2023-11', run(process.execPath, 'swc-2023-11.mjs'), 'url: ws://first, then token: TypeError'],
  ['swc, 2022-03', run(process.execPath, 'swc-2022-03.mjs'), EARLY],
  ['deno 2.9.6', run('node_modules/.bin/deno', 'run', '--quiet', 'source.ts'), EARLY],
]) {
  console.log(name.padEnd(16), output);
  if (output !== expected) changed = true;
}
process.exit(changed ? 1 : 0);
JS
timeout 50 node run.mjs
