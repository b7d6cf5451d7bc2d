import { join } from 'node:path';

/** The folder of this package: what is compiled lies in its `dist`. */
export const PACKAGE = join(__dirname, '..');
export const ROOT = join(PACKAGE, '..', '..');
export const PEERS = join(PACKAGE, 'peers');
/** What a run compiles for itself; git ignores it. */
export const BUILD = join(PACKAGE, 'dist', 'build');
