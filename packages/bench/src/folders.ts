import { join } from 'node:path';

/** The folder of this package; its `dist` holds the compiled files. */
export const PACKAGE = join(__dirname, '..');
export const ROOT = join(PACKAGE, '..', '..');
export const PEERS = join(PACKAGE, 'peers');
/** The files that a run compiles for itself; git ignores them. */
export const BUILD = join(PACKAGE, 'dist', 'build');
