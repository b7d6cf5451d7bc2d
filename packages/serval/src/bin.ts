#!/usr/bin/env node
import { main } from '@serval/cli';

const args = process.argv.slice(2);
// `ps` shows the title to every user of the machine. The arguments may include a password (--user) or a token (--header).
if (args[0] === 'connect') process.title = 'serval connect';

void main(args).then((code) => {
  process.exitCode = code;
});
