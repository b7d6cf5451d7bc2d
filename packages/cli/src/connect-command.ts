import { ClientEndpointConfig, type HandshakeResponse } from '@serval/api';
import { Timer } from '@serval/api/spi';
import { connect, ClientContainer, type ClientContainerOptions, type ReconnectAttempt } from '@serval/client';
import { UsageError } from './command-arguments';
import { parseConnectArguments, type ConnectArguments } from './connect-arguments';
import { Conversation } from './conversation';
import { EXIT, exitCodeOf } from './exit-code';
import { explain } from './explain';
import { send, sendInput, type Input } from './input';
import { askPassword } from './password';
import { NORMAL_CLOSES, Printer } from './printer';
import type { Signal, Terminal } from './terminal';

/** The container's warning, whose remedy names options of the API. */
const TOO_LARGE = /: it closes with 1009\. /;

/** The longest wait for the peer's answer to our close frame. */
const CLOSE_TIMEOUT_MS = 2000;

/**
 * `serval connect`.
 *
 * @returns the exit code
 * @throws UsageError, HandshakeException (as rejections)
 */
export async function connectCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const given = parseConnectArguments(args);
  const printer = new Printer(terminal, { ...given, rawBinary: given.binary });
  const conversation = new Conversation(printer);
  const client = await connect(given.uri, {
    container: new ClientContainer(await containerOptions(given, printer, terminal)),
    endpoint: conversation,
    config: endpointConfig(given, printer),
    reconnect: given.reconnect && { delay: (attempt) => announced(attempt, printer) },
  });

  const ended = new AbortController();
  const { signal } = ended;
  let signalled: Signal | undefined;
  const stopListening = terminal.onSignal((name) => {
    signalled ??= name;
    ended.abort();
  });
  let failure: NodeJS.ErrnoException | undefined;
  terminal.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // EPIPE: the reader of our output is gone, as in `serval connect ... | head -1`. Other errors, such as a full disk, fail.
    if (error.code !== 'EPIPE') failure ??= error;
    ended.abort();
  });
  void client.closed.then(() => ended.abort());
  try {
    await converse({ terminal, printer, client, conversation, binary: given.binary, signal }, given);
    await client.close();
    const reason = await client.closed;
    if (signalled !== undefined) return exitCodeOf(signalled);
    if (failure !== undefined) throw failure;
    const code = reason.getCloseCode().getCode();
    return NORMAL_CLOSES.has(code) ? EXIT.OK : EXIT.CLOSED;
  } finally {
    stopListening();
  }
}

/** Prints why a connection was lost and when the next attempt follows. */
function announced({ cause, defaultDelay }: ReconnectAttempt, printer: Printer): number | false {
  // The reason of a session that ended is already on the screen.
  if (cause instanceof Error) printer.error(explain(cause, 'connect').line);
  if (defaultDelay !== false) printer.note(`trying again in ${(defaultDelay / 1000).toFixed(1)} s`);
  return defaultDelay;
}

/** Sends the messages, then waits for silence. Settles when the WebSocket is closed or should be closed. */
async function converse(input: Input, { messages, binary, waitMs }: ConnectArguments): Promise<void> {
  const { client, conversation, signal, terminal } = input;
  try {
    if (messages === undefined) await sendInput(input);
    else for (const message of messages) await send(client, message, binary);
  } catch (error) {
    // The end of the connection is already on the screen.
    if (!signal.aborted && client.state !== 'closed') throw error;
  }
  const isInteractive = messages === undefined && terminal.stdin.isTTY === true;
  if (!isInteractive) await silence(conversation, waitMs, signal);
}

/** Settles when no message arrives for this long, or when the signal aborts. */
async function silence(conversation: Conversation, waitMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    // The open connection keeps the process alive.
    if (waitMs === Infinity) return;
    let timer = new Timer(waitMs, resolve, { keepsAlive: true });
    conversation.whenHeard = () => {
      timer.clear();
      timer = new Timer(waitMs, resolve, { keepsAlive: true });
    };
    signal.addEventListener('abort', () => timer.clear(), { once: true });
  });
}

async function containerOptions(
  given: ConnectArguments,
  printer: Printer,
  terminal: Terminal,
): Promise<ClientContainerOptions> {
  const { user, timeoutMs } = given;
  return {
    textBufferSize: given.maxMessageBytes,
    binaryBufferSize: given.maxMessageBytes,
    sessionCloseTimeout: CLOSE_TIMEOUT_MS,
    perMessageDeflate: given.compress,
    logger: {
      error: (message) => printer.error(message),
      warn: (message) =>
        printer.note(
          TOO_LARGE.test(message)
            ? `a message exceeds --max-message (${given.maxMessageBytes} bytes); raise it to receive larger ones`
            : message,
        ),
      debug: () => undefined,
    },
    ...(timeoutMs !== undefined && { handshakeTimeout: timeoutMs, ioTimeout: timeoutMs }),
    ...(given.proxy !== undefined && { proxy: given.proxy }),
    ...(given.pingMs !== undefined && { pingInterval: given.pingMs }),
    ...(user !== undefined && {
      credentials: { username: user.name, password: user.password ?? (await passwordOf(user.name, terminal)) },
    }),
  };
}

async function passwordOf(user: string, terminal: Terminal): Promise<string> {
  const { SERVAL_PASSWORD } = terminal.env;
  if (SERVAL_PASSWORD !== undefined) return SERVAL_PASSWORD;
  if (terminal.stdin.isTTY === true) return askPassword(`Password of ${user}: `, terminal);
  throw new UsageError('--user has no password; write --user name:password or set SERVAL_PASSWORD');
}

function endpointConfig(given: ConnectArguments, printer: Printer): ClientEndpointConfig {
  return ClientEndpointConfig.Builder.create()
    .preferredSubprotocols(given.subprotocols)
    .configurator(new GivenHeaders(given, printer))
    .sslContext(given.tls)
    .build();
}

/** `--verbose` shows the names of these headers but not their values. */
const SECRET: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'authentication-info',
]);

/** Sends the headers of the command line; with `--verbose` shows those of both sides. */
class GivenHeaders extends ClientEndpointConfig.Configurator {
  constructor(
    private readonly given: ConnectArguments,
    private readonly printer: Printer,
  ) {
    super();
  }

  override beforeRequest(headers: Map<string, string[]>): void {
    for (const [name, value] of this.given.headers) headers.set(name, [...(headers.get(name) ?? []), value]);
    this.#show('>', headers);
  }

  override afterResponse(response: HandshakeResponse): void {
    this.#show('<', response.getHeaders());
  }

  #show(marker: string, headers: ReadonlyMap<string, readonly string[]>): void {
    if (!this.given.verbose) return;
    for (const [name, values] of headers) {
      const isSecret = SECRET.has(name.toLowerCase());
      for (const value of values) this.printer.note(`${marker} ${name}: ${isSecret ? '(not shown)' : value}`);
    }
  }
}
