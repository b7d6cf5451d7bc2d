// Every example needs this around its server: a port, a line with the URL, and a clean end.

/** A running example. A Serval `Server` is one. */
export interface Running {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Starts an example on `PORT` (default 8080, 0 for a free one), prints its URL, and stops it on SIGINT and SIGTERM.
 *
 * @param url the URL of the example, without the port
 */
export async function main(start: (port: number) => Promise<Running>, url: string): Promise<void> {
  const wanted = process.env.PORT || '8080';
  const port = Number(wanted);
  if (!/^\d+$/.test(wanted) || port > 65_535) {
    fail(`PORT is a whole number from 0 to 65535; found ${JSON.stringify(wanted)}.`);
    return;
  }
  try {
    const running = await start(port);
    stopOnSignal(running);
    const address = new URL(url);
    address.port = String(running.port);
    console.log(`Listening on ${address.href} (Ctrl-C stops it)`);
  } catch (error) {
    fail(explain(error, port));
  }
}

function stopOnSignal(running: Running): void {
  let stopping: Promise<void> | undefined;
  const stop = (): void => void (stopping ??= running.stop());
  // `on` and not `once`: npm forwards Ctrl-C to a process that already got it from the terminal.
  process.on('SIGINT', stop).on('SIGTERM', stop);
}

function explain(error: unknown, port: number): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE')
    return `Port ${port} is taken by another program. Choose another one, such as PORT=${port + 1}.`;
  if (code === 'EACCES') return `This user may not listen on port ${port}. Choose one above 1023, such as PORT=8080.`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}
