import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { DIAGNOSTICS_CHANNEL, type DiagnosticEvent } from '@serval/container';
import { Server, type ServerOptions } from '@serval/server';
import { optionsHelp, parseArguments, UsageError, wholeNumber, type CommandOptions } from './command-arguments';
import { readPem } from './connect-arguments';
import { EXIT } from './exit-code';
import type { Terminal } from './terminal';

const OPTIONS = {
  port: {
    type: 'string',
    short: 'p',
    value: 'number or path',
    help:
      "default: the environment's PORT, or 8080; 0 picks a free port; a path with a slash\n" +
      'opens a Unix domain socket',
  },
  host: { type: 'string', value: 'address', help: 'listen on this address; default: all addresses' },
  'context-path': { type: 'string', value: 'path', help: "prefix for every endpoint's path" },
  origin: {
    type: 'string',
    short: 'o',
    multiple: true,
    value: 'origin',
    help: 'allow pages of this origin to connect; may be repeated; "*" allows all',
  },
  'trust-proxy': {
    type: 'string',
    value: 'list',
    help:
      'trust the X-Forwarded-* headers of these proxies: addresses and subnets, separated by\n' +
      'commas (also loopback, linklocal, uniquelocal), or the number of proxies',
  },
  cert: { type: 'string', value: 'file', help: 'serve wss: with this certificate (PEM); needs --key' },
  key: { type: 'string', value: 'file', help: 'its key (PEM)' },
  http2: { type: 'boolean', help: 'also accept HTTP/2; needs --cert and --key' },
  compress: {
    type: 'boolean',
    short: 'c',
    help: 'negotiate permessage-deflate with clients that offer it',
  },
  compatibility: { type: 'string', value: 'name', help: 'tomcat-9, tomcat-10.1 or tomcat-11' },
  set: {
    type: 'string',
    multiple: true,
    value: 'name=value',
    help: "change a setting by its own name or Tomcat's, such as --set textBufferSize=65536;\n" + 'may be repeated',
  },
  grace: {
    type: 'string',
    value: 'seconds',
    help: 'time for handlers and sessions to finish when the server stops; default 5',
  },
} as const satisfies CommandOptions;

export const SERVE_HELP = `Usage: serval serve [options] <pattern...>

Serves the endpoint classes that the matching modules export: compiled JavaScript, CommonJS or ESM.

${optionsHelp(OPTIONS)}

SIGINT and SIGTERM stop the server, which closes sessions with 1001.

Exit codes: 0 stopped by a signal, 2 usage error, 3 an endpoint cannot be deployed or the port is not available,
1 any other error.

Examples
  serval serve 'dist/endpoints/**/*.js'
  serval serve dist/chat.js --port 9000 --origin https://example.com --set textBufferSize=65536
  node --import tsx node_modules/serval/dist/bin.js serve 'src/endpoints/**/*.ts'
`;

const DEFAULT_PORT = '8080';
const LONGEST_GRACE_SECONDS = 3600;

/**
 * `serval serve`. Settles once a signal has stopped the server.
 *
 * @returns the exit code
 * @throws UsageError, DeploymentException, or Node's error from `listen` (as rejections)
 */
export async function serveCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, graceMs } = parseServeArguments(args, terminal.env);
  const server = await startShowing(options, terminal);
  terminal.stdout.write(`Listening on ${addressOf(server, options)} (Ctrl-C stops it)\n`);
  await new Promise<void>((resolve) => {
    // The signal arrives twice if npm forwards it in addition to the terminal.
    const stopListening = terminal.onSignal(() => {
      void server.stop({ grace: graceMs }).then(() => {
        stopListening();
        resolve();
      });
    });
  });
  return EXIT.OK;
}

/** The address as a client writes it, or the path for a TLS server on a Unix domain socket, which has no URI. */
function addressOf(server: Server, { port, host, tls, contextPath = '' }: ServerOptions): string {
  if (typeof port === 'string') return tls === undefined ? `ws+unix:${port}:${contextPath || '/'}` : port;
  const name = host === undefined ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${tls === undefined ? 'ws' : 'wss'}://${name}:${server.port}${contextPath}`;
}

/** Starts a server, and prints the path of each endpoint. */
async function startShowing(options: ServerOptions, terminal: Terminal): Promise<Server> {
  const prefix = (options.contextPath ?? '').replace(/\/$/, '');
  let deployed = 0;
  const show = (message: unknown): void => {
    // The channel carries only these events.
    const event = message as DiagnosticEvent;
    if (event.kind !== 'deployed') return;
    deployed += 1;
    terminal.stdout.write(`${event.endpoint} at ${prefix}${event.path}\n`);
  };
  subscribe(DIAGNOSTICS_CHANNEL, show);
  let server: Server;
  try {
    server = await new Server(options).start();
  } finally {
    unsubscribe(DIAGNOSTICS_CHANNEL, show);
  }
  if (deployed > 0) return server;
  await server.stop({ grace: 0 });
  throw new UsageError('no matching module exports a class with @ServerEndpoint; check the patterns');
}

interface ServeArguments {
  readonly options: ServerOptions;
  readonly graceMs: number;
}

/** @throws UsageError */
function parseServeArguments(args: readonly string[], env: Terminal['env']): ServeArguments {
  const { values, positionals } = parseArguments(args, OPTIONS);
  if (positionals.length === 0)
    throw new UsageError("serve takes patterns of modules, such as 'dist/endpoints/**/*.js'; found none");
  const { cert, key, origin: origins } = values;
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--cert and --key go together');
  const grace = wholeNumber('--grace', values.grace ?? '5', { min: 0, max: LONGEST_GRACE_SECONDS, unit: 'seconds' });
  const options = {
    ...readSettings(values.set ?? []),
    port: portOrPath(values.port ?? (env.PORT || DEFAULT_PORT)),
    host: values.host,
    contextPath: values['context-path'],
    scan: positionals,
    trustProxy: trustProxyOf(values['trust-proxy']),
    allowedOrigins: origins?.includes('*') ? '*' : origins,
    perMessageDeflate: values.compress,
    http2: values.http2,
    compatibility: values.compatibility,
    ...(cert !== undefined &&
      key !== undefined && { tls: { cert: readPem('--cert', cert), key: readPem('--key', key) } }),
  };
  // The server checks the names and values of settings, and the profile's name.
  return { options: options as ServerOptions, graceMs: (grace ?? 0) * 1000 };
}

/** @throws UsageError */
function portOrPath(text: string): number | string | undefined {
  return text.includes('/') ? text : wholeNumber('--port', text, { min: 0, max: 65_535, unit: 'port' });
}

/** A whole number is the number of proxies in front of the server. */
function trustProxyOf(text: string | undefined): number | string | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : text;
}

/** Splits the settings: Tomcat's names have dots, our own do not. */
function readSettings(assignments: readonly string[]): Record<string, unknown> {
  const settings = new Map<string, unknown>();
  const initParameters = new Map<string, string>();
  for (const assignment of assignments) {
    const equals = assignment.indexOf('=');
    if (equals < 1) throw new UsageError(`--set takes name=value, such as textBufferSize=65536; found ${assignment}`);
    const name = assignment.slice(0, equals);
    const value = assignment.slice(equals + 1);
    if (name.includes('.')) initParameters.set(name, value);
    else settings.set(name, valueOf(value));
  }
  return { ...Object.fromEntries(settings), initParameters: Object.fromEntries(initParameters) };
}

function valueOf(text: string): unknown {
  if (/^-?\d+$/.test(text)) return Number(text);
  return text === 'true' ? true : text === 'false' ? false : text;
}
