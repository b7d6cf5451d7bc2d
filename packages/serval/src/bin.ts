#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { main, processTerminal } from '@serval/cli';

const args = process.argv.slice(2);
// `ps` shows the title to every user of the machine. The arguments may include a password (--user) or a token (--header).
if (args[0] === 'connect') process.title = 'serval connect';

const { version } = JSON.parse(readFileSync(join(__dirname, '../package.json'), 'utf8')) as {
  readonly version: string;
};
void main(args, processTerminal(), version).then((code) => {
  process.exitCode = code;
});
