import { parseArgs } from 'node:util';
import { OnMessage, Server, ServerEndpoint } from 'serval';
import { MAX_FRAGMENTS, MAX_MESSAGE_BYTES, PER_MESSAGE_DEFLATE } from './limits';

const USAGE = 'expected one port from 0 to 65535, and --host with an address or nothing';

/** Echoes every message, as the fuzzing client of the Autobahn test suite expects. */
@ServerEndpoint('/')
export class Echo {
  @OnMessage
  text(message: string): string {
    return message;
  }

  @OnMessage
  binary(message: Buffer): Buffer {
    return message;
  }
}

/** Starts the echo server. @throws Error (as a rejection) when the port is not available */
export function startEchoServer(port: number, host: string): Promise<Server> {
  return new Server({
    port,
    host,
    endpoints: [Echo],
    allowedOrigins: '*',
    textBufferSize: MAX_MESSAGE_BYTES,
    binaryBufferSize: MAX_MESSAGE_BYTES,
    // One whole answer may wait, plus the beginning of the next.
    maxQueuedBytes: 2 * MAX_MESSAGE_BYTES,
    maxFragments: MAX_FRAGMENTS,
    perMessageDeflate: PER_MESSAGE_DEFLATE,
  }).start();
}

/** Runs the command. Sets the exit code if it does not listen. */
async function main(args: readonly string[]): Promise<void> {
  const wanted = readArguments(args);
  if (typeof wanted === 'string') {
    fail(`${wanted}; ${USAGE}`, 2);
    return;
  }
  try {
    const server = await startEchoServer(wanted.port, wanted.host);
    process.stdout.write(`Echoing on ws://${wanted.host}:${server.port}/ (Ctrl-C stops it)\n`);
    let stopping: Promise<void> | undefined;
    // `on` instead of `once`, because npm forwards a Ctrl-C that the terminal has already sent.
    const stop = (): void => void (stopping ??= server.stop({ grace: 0 }));
    process.on('SIGINT', stop).on('SIGTERM', stop);
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error), 1);
  }
}

/** @returns a description of the arguments found, if they are invalid */
function readArguments(args: readonly string[]): { readonly port: number; readonly host: string } | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { host: { type: 'string', default: '127.0.0.1' } },
      allowPositionals: true,
    });
    const [port = ''] = positionals;
    if (positionals.length !== 1 || !/^\d+$/.test(port) || Number(port) > 65_535 || values.host === '')
      return `found ${args.length === 0 ? 'no arguments' : JSON.stringify(args.join(' '))}`;
    return { port: Number(port), host: values.host };
  } catch (error) {
    // An option that is unknown or has no value.
    return `found ${JSON.stringify(args.join(' '))} (${error instanceof Error ? error.message.split('.')[0] : ''})`;
  }
}

function fail(message: string, code: number): void {
  process.stderr.write(`conformance:server: ${message}\n`);
  process.exitCode = code;
}

if (require.main === module) void main(process.argv.slice(2));
