#!/usr/bin/env bash
# Zod's Standard Schema interface runs an asynchronous schema twice for each value
#
# Versions   zod 4.6.7; for comparison: valibot 1.5.0
# Expected   `schema['~standard'].validate(value)` parses once, as `schema.parseAsync(value)` does. It throws an
#            exception from a transform of a synchronous schema, as `schema.parse(value)` does.
# Instead    validate() parses synchronously, and if that throws anything at all, parses again asynchronously.
#            A schema with an asynchronous check always parses twice. So does a synchronous one whose transform
#            throws, and the exception becomes a rejected promise. Output:
#
#              zod      parseAsync           1 lookup for 1 message
#              zod      ~standard.validate   2 lookups for 1 message
#              valibot  ~standard.validate   1 lookup for 1 message
#              zod      throwing transform   2 runs, validate() returned a promise that rejects with SyntaxError
#
# Matters    Frameworks use Standard Schema to accept any validator, so they call only validate(). A check that reads
#            a database, counts against a rate limit or consumes a one-time token runs twice for each message, and
#            the second run of a one-time token refuses a valid message. A framework must expect a promise, and a
#            rejected one, even from a schema that was synchronous so far. Keep schemas pure and do lookups in the
#            handler, or call parseAsync if you know that the schema is asynchronous.
# Seen       2026-11-30, Node.js 20.20.2 (the first half is reported upstream as colinhacks/zod 6610, open)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts zod@4.6.7 valibot@1.5.0

cat >run.mjs <<'JS'
import assert from 'node:assert/strict';
import * as v from 'valibot';
import { z } from 'zod';

let lookups = 0;
const lookup = async () => {
  lookups++;
  return true;
};
const zod = z.object({ type: z.literal('say'), token: z.string().refine(lookup) });
const valibot = v.objectAsync({ type: v.literal('say'), token: v.pipeAsync(v.string(), v.checkAsync(lookup)) });
const message = { type: 'say', token: 'once' };

async function count(name, validate) {
  lookups = 0;
  const result = await validate(message);
  assert.deepEqual(result.value ?? result, message);
  console.log(`${name.padEnd(29)} ${lookups} lookup${lookups === 1 ? '' : 's'} for 1 message`);
  return lookups;
}
assert.equal(await count('zod      parseAsync', (value) => zod.parseAsync(value)), 1);
assert.equal(await count('zod      ~standard.validate', (value) => zod['~standard'].validate(value)), 2);
assert.equal(await count('valibot  ~standard.validate', (value) => valibot['~standard'].validate(value)), 1);

let runs = 0;
const embedded = z.string().transform((text) => {
  runs++;
  return JSON.parse(text);
});
const outcome = embedded['~standard'].validate('not JSON');
assert(outcome instanceof Promise);
const error = await outcome.catch((reason) => reason);
console.log(
  `zod      throwing transform   ${runs} runs, validate() returned a promise that rejects with ${error.name}`,
);
assert.equal(runs, 2);
assert.equal(error.name, 'SyntaxError');
JS
timeout 20 node run.mjs
