import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { UsageError } from './command-arguments';
import type { Terminal } from './terminal';

/**
 * Asks a person, without showing what is typed.
 *
 * @throws Node's AbortError (as a rejection) for Ctrl-C and Ctrl-D, UsageError where the input ends
 */
export async function askPassword(question: string, { stdin, stderr }: Terminal): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: nowhere, terminal: true });
  // Only now does the terminal not show what is typed, and a person begins with the question.
  stderr.write(question);
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.question('').then(resolve, reject);
      // Node closes before it tells of Ctrl-C, and tells nothing where the terminal has gone.
      lines.on('close', () => setImmediate(() => reject(new UsageError('no password was given'))));
    });
  } finally {
    lines.close();
    stderr.write('\n');
  }
}
