import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { UsageError } from './command-arguments';
import type { Terminal } from './terminal';

/**
 * Prompts for a password without showing the typed characters.
 *
 * @throws Node's AbortError (as a rejection) for Ctrl-C and Ctrl-D, UsageError when the input ends
 */
export async function askPassword(question: string, { stdin, stderr }: Terminal): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: nowhere, terminal: true });
  // The terminal hides typed characters only from here on, so the prompt must not appear earlier.
  stderr.write(question);
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.question('').then(resolve, reject);
      // Node closes before it reports Ctrl-C, and reports nothing if the terminal is gone.
      lines.on('close', () => setImmediate(() => reject(new UsageError('no password was given'))));
    });
  } finally {
    lines.close();
    stderr.write('\n');
  }
}
