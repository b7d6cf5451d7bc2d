#!/usr/bin/env node
import { main } from '@serval/cli';

const args = process.argv.slice(2);
// What `ps` shows to everyone on the machine: a password may stand behind --user, a token behind --header.
if (args[0] === 'connect') process.title = 'serval connect';

void main(args).then((code) => {
  process.exitCode = code;
});
