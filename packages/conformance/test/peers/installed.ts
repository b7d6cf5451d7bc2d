import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The path of a program. Includes the folders of an administrator, for any user. */
export function installed(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, program)).find((file) => existsSync(file));
}
