/** The output of `npm run tck -- --help`. */
export const HELP = `npm run tck -- [--port <number>]

Starts the server applications of the Jakarta WebSocket TCK, all on one port.

  --port <number>   the port, 0 for a free one; default 18080
  --help            this text
`;

const DEFAULT_PORT = 18_080;

/** The parsed command line. */
export type Arguments =
  | { readonly kind: 'run'; readonly port: number }
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly message: string };

/** @param words the command line behind the program's name */
export function parseArguments(words: readonly string[]): Arguments {
  let port = DEFAULT_PORT;
  for (let at = 0; at < words.length; at += 1) {
    const [word = '', ...rest] = (words[at] ?? '').split('=');
    if (word === '--help') return { kind: 'help' };
    if (word !== '--port') return { kind: 'mistake', message: `${word} is not an option.` };
    const value = rest.length > 0 ? rest.join('=') : (words[(at += 1)] ?? '');
    port = Number(value);
    if (!/^\d+$/.test(value) || port > 65_535) {
      return {
        kind: 'mistake',
        message: `--port is a whole number from 0 to 65535; found ${JSON.stringify(value)}.`,
      };
    }
  }
  return { kind: 'run', port };
}
