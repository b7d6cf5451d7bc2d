import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const fixture = (part: string): string => join(__dirname, `../../server/test/fixtures/localhost.test-${part}.pem`);

/** A certificate for localhost and 127.0.0.1, signed by itself. */
export const LOCALHOST = {
  keyFile: fixture('key'),
  certFile: fixture('cert'),
  key: readFileSync(fixture('key')),
  cert: readFileSync(fixture('cert')),
};
