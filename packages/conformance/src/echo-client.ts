import { parseArgs } from 'node:util';
import { HandshakeException, ClientContainer, type ClientContainerOptions, type ErrorCode } from 'serval';
import { CaseClient, CountClient } from './case-clients';
import { HANDSHAKE_TIMEOUT_MS, MAX_FRAGMENTS, MAX_MESSAGE_BYTES, PER_MESSAGE_DEFLATE } from './limits';

const USAGE = 'expected one URL such as ws://127.0.0.1:9001, and --agent with a name or nothing';

/** The errors that skip one case: its handshake was refused, or not answered in time. */
const REFUSALS: readonly ErrorCode[] = [
  'WS_CONNECT_REFUSED',
  'WS_CONNECT_BAD_ANSWER',
  'WS_CONNECT_REDIRECT',
  'WS_CONNECT_TIMEOUT',
];

/** The options of the container that runs the cases. */
export const CASE_OPTIONS: ClientContainerOptions = {
  textBufferSize: MAX_MESSAGE_BYTES,
  binaryBufferSize: MAX_MESSAGE_BYTES,
  // One whole answer may wait, plus the beginning of the next.
  maxQueuedBytes: 2 * MAX_MESSAGE_BYTES,
  maxFragments: MAX_FRAGMENTS,
  perMessageDeflate: PER_MESSAGE_DEFLATE,
  ioTimeout: HANDSHAKE_TIMEOUT_MS,
  handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  // The suite's server breaks the protocol on purpose, so a warning about it says nothing.
  logger: { error: (message) => process.stderr.write(`${message}\n`), warn: () => undefined, debug: () => undefined },
};

/** How the cases of a fuzzing server ended. */
export interface Summary {
  readonly cases: number;
  /** The number of connections per close code, in the order in which the codes first occurred. */
  readonly closes: ReadonlyMap<number, number>;
  /** The reasons of the cases that did not run because their opening handshake failed, by number. */
  readonly refused: ReadonlyMap<number, string>;
}

/**
 * Runs all cases of the Autobahn test suite's fuzzing server with `connectToServer`, one after the other. It echoes every
 * message of a case until the server closes, and finally makes the server write its report.
 *
 * @param onCase runs when a case begins
 * @param options the container's options
 * @throws Error (as a rejection) when the server cannot be reached, or does not speak the suite's protocol
 */
export async function runCases(
  server: URL,
  agent: string,
  onCase: (number: number, count: number) => void = () => undefined,
  options: ClientContainerOptions = CASE_OPTIONS,
): Promise<Summary> {
  const container = new ClientContainer(options);
  const at = (path: string): URL => new URL(path, server);
  const cases = await countCases(container, at('/getCaseCount'));
  const name = encodeURIComponent(agent);
  const closes = new Map<number, number>();
  const refused = new Map<number, string>();
  for (let number = 1; number <= cases; number += 1) {
    onCase(number, cases);
    try {
      const code = await listenTo(container, at(`/runCase?case=${number}&agent=${name}`), new CaseClient());
      closes.set(code, (closes.get(code) ?? 0) + 1);
    } catch (error) {
      if (!(error instanceof HandshakeException) || !REFUSALS.includes(error.code)) throw error;
      refused.set(number, error.message);
    }
  }
  await listenTo(container, at(`/updateReports?agent=${name}`), new CountClient());
  return { cases, closes, refused };
}

/** Reads the number of cases, which the server sends in one text before it closes. */
async function countCases(container: ClientContainer, url: URL): Promise<number> {
  const client = new CountClient();
  await listenTo(container, url, client);
  const text = client.firstText;
  if (text === undefined || !/^\d+$/.test(text))
    throw new Error(`${url.pathname}: expected a text with a number; found ${JSON.stringify(text) ?? 'none'}`);
  return Number(text);
}

/** Connects an endpoint and waits for its close. @returns the close code */
async function listenTo(container: ClientContainer, url: URL, client: CaseClient | CountClient): Promise<number> {
  await container.connectToServer(client, url);
  return client.closed;
}

async function main(args: readonly string[]): Promise<void> {
  const wanted = readArguments(args);
  if (typeof wanted === 'string') {
    fail(`${wanted}; ${USAGE}`, 2);
    return;
  }
  const started = performance.now();
  // A terminal gets one line that is rewritten, a file or pipe only the summary.
  const isTerminal = process.stdout.isTTY;
  try {
    const summary = await runCases(wanted.server, wanted.agent, (number, count) => {
      if (isTerminal) process.stdout.write(`\rcase ${number} of ${count}`);
    });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stdout.write(`${isTerminal ? '\r' : ''}${formatSummary(summary)} in ${seconds} s\n`);
  } catch (error) {
    fail(`${wanted.server.host}: ${error instanceof Error ? error.message : String(error)}`, 1);
  }
}

function formatSummary({ cases, closes, refused }: Summary): string {
  const codes = [...closes].map(([code, count]) => `${count} closed with ${code}`);
  const failed = [...refused].map(([number, why]) => `case ${number} was not opened (${why})`);
  return `${cases} cases: ${[...codes, ...failed].join(', ') || 'nothing to do'}`;
}

/** @returns a description of the arguments found, if they are invalid */
function readArguments(args: readonly string[]): { readonly server: URL; readonly agent: string } | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { agent: { type: 'string', default: 'Serval' } },
      allowPositionals: true,
    });
    const [url = ''] = positionals;
    const server = URL.canParse(url) ? new URL(url) : undefined;
    if (positionals.length !== 1 || server?.protocol !== 'ws:' || values.agent === '')
      return `found ${args.length === 0 ? 'no arguments' : JSON.stringify(args.join(' '))}`;
    return { server, agent: values.agent };
  } catch (error) {
    // An option that is unknown or has no value.
    return `found ${JSON.stringify(args.join(' '))} (${error instanceof Error ? error.message.split('.')[0] : ''})`;
  }
}

function fail(message: string, code: number): void {
  process.stderr.write(`conformance:client: ${message}\n`);
  process.exitCode = code;
}

if (require.main === module) void main(process.argv.slice(2));
