import { UsageError } from './command-arguments';
import { CONNECT_HELP } from './connect-arguments';
import { connectCommand } from './connect-command';
import { EXIT } from './exit-code';
import { explain } from './explain';
import { SERVE_HELP, serveCommand } from './serve-command';
import { oneLine, processTerminal, type Terminal } from './terminal';

const HELP = `Usage: serval <command> [options]

  serval connect <uri>         talk to a WebSocket server, by hand or in a pipe
  serval serve <pattern...>    serve endpoint classes

  serval <command> --help      print all options and examples
  serval --version             print the version

`;

const COMMANDS = new Map([
  ['connect', { run: connectCommand, help: CONNECT_HELP }],
  ['serve', { run: serveCommand, help: SERVE_HELP }],
]);

/**
 * Runs the command `serval`. Prints an error as one line on stderr, with its remedy. Never rejects.
 *
 * @param args without the program's own name
 * @param version for `--version`; default: unknown
 * @returns the exit code; `serval connect --help` and `serval serve --help` list them
 */
export async function main(
  args: readonly string[],
  terminal: Terminal = processTerminal(),
  version = 'unknown',
): Promise<number> {
  const [name = '--help', ...rest] = args;
  const command = COMMANDS.get(name);
  // If nothing reads the output, there is nowhere to report the error.
  terminal.stdout.on('error', () => undefined);
  terminal.stderr.on('error', () => undefined);
  try {
    if (command !== undefined) {
      if (!asksForHelp(rest)) return await command.run(rest, terminal);
      terminal.stdout.write(command.help);
    } else if (name === '--help' || name === '-h' || name === 'help') {
      terminal.stdout.write(COMMANDS.get(rest[0] ?? '')?.help ?? HELP);
    } else if (name === '--version' || name === '-V') {
      terminal.stdout.write(`${version}\n`);
    } else {
      throw new UsageError(`there is no command ${JSON.stringify(name)}`);
    }
    return EXIT.OK;
  } catch (error) {
    const known = command === undefined ? undefined : name === 'connect' ? 'connect' : 'serve';
    const { line, code } = explain(error, known);
    terminal.stderr.write(`serval: ${oneLine(line)}\n`);
    return code;
  }
}

function asksForHelp(args: readonly string[]): boolean {
  const options = args.slice(0, args.indexOf('--') < 0 ? undefined : args.indexOf('--'));
  return options.includes('--help') || options.includes('-h');
}
