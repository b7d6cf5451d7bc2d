#!/usr/bin/env node
// Endpoint classes in the legacy dialect of decorators need it before they are loaded.
import 'reflect-metadata';
import { main } from '@serval/cli';

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
