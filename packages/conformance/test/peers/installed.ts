import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where a program lies. Those of an administrator are found too, whoever runs the tests. */
export function installed(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, program)).find((file) => existsSync(file));
}
