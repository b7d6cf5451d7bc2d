import 'reflect-metadata';
import { HELP, parseArguments } from './arguments';
import { contexts } from './applications';
import { TckServer } from './tck-server';

async function main(): Promise<void> {
  const wanted = parseArguments(process.argv.slice(2));
  switch (wanted.kind) {
    case 'help':
      process.stdout.write(HELP);
      return;
    case 'mistake':
      fail(`${wanted.message} npm run tck -- --help tells more.`, 2);
      return;
    case 'run':
      await run(wanted.port);
  }
}

async function run(port: number): Promise<void> {
  try {
    const server = await TckServer.start({ contexts, port });
    let stopping: Promise<void> | undefined;
    const stop = (): void => void (stopping ??= server.stop());
    // `on` and not `once`: npm passes Ctrl-C on to a process that the terminal has told already.
    process.on('SIGINT', stop).on('SIGTERM', stop);
    process.stdout.write(`tck: ${contexts.length} contexts listen on port ${server.port} (Ctrl-C stops them)\n`);
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error), 1);
  }
}

function fail(message: string, code: number): void {
  process.stderr.write(`tck: ${message}\n`);
  process.exitCode = code;
}

void main();
