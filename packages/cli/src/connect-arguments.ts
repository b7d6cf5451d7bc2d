import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import {
  optionsHelp,
  parseArguments,
  seconds,
  UsageError,
  wholeNumber,
  type CommandOptions,
} from './command-arguments';

/** The parsed arguments of `serval connect`. */
export interface ConnectArguments {
  readonly uri: string;
  /** Names and values, in the order given. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly subprotocols: readonly string[];
  readonly user: { readonly name: string; readonly password: string | undefined } | undefined;
  /** Undefined means the proxy of the environment. */
  readonly proxy: string | false | undefined;
  readonly tls: ConnectionOptions;
  readonly compress: boolean;
  /** Messages to send instead of stdin. Undefined means that the command reads stdin. */
  readonly messages: readonly string[] | undefined;
  readonly binary: boolean;
  /** After the input ends, the command closes the WebSocket after this many milliseconds of silence; Infinity: never. */
  readonly waitMs: number;
  readonly reconnect: boolean;
  readonly pingMs: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly maxMessageBytes: number;
  /** How to print messages: unchanged, with JSON indented, or as one line of JSON per event. */
  readonly format: 'plain' | 'json' | 'events';
  readonly timestamps: boolean;
  readonly verbose: boolean;
}

const HANDSHAKE = {
  header: {
    type: 'string',
    short: 'H',
    multiple: true,
    value: 'name: value',
    help: 'add a request header; may be repeated',
  },
  subprotocol: {
    type: 'string',
    short: 's',
    multiple: true,
    value: 'name',
    help: 'offer a subprotocol; may be repeated, in order of preference',
  },
  origin: { type: 'string', short: 'o', value: 'origin', help: 'send this Origin, as a browser page would' },
  user: {
    type: 'string',
    short: 'u',
    value: 'name:password',
    help: 'answer Basic and Digest challenges; without a password, read it from\nSERVAL_PASSWORD or prompt for it',
  },
  proxy: {
    type: 'string',
    value: 'uri',
    help: 'http://user:password@host:port, or socks5h:; default: the environment (https_proxy ...)',
  },
  'no-proxy': { type: 'boolean', help: 'use no proxy, even if the environment names one' },
  ca: { type: 'string', value: 'file', help: 'trust only these authorities (PEM)' },
  cert: { type: 'string', value: 'file', help: 'client certificate (PEM); needs --key' },
  key: { type: 'string', value: 'file', help: 'its key (PEM)' },
  insecure: { type: 'boolean', short: 'k', help: 'accept any server certificate' },
  compress: { type: 'boolean', short: 'c', help: 'offer permessage-deflate' },
  timeout: { type: 'string', value: 'seconds', help: 'limit for the whole handshake; default 30' },
} as const satisfies CommandOptions;

const MESSAGES = {
  execute: {
    type: 'string',
    short: 'x',
    multiple: true,
    value: 'text',
    help: 'send this instead of stdin; may be repeated',
  },
  binary: {
    type: 'boolean',
    help: 'send each line as a binary message, or a whole pipe as one; print bytes unchanged',
  },
  wait: {
    type: 'string',
    short: 'w',
    value: 'seconds',
    help: 'after the input ends, close once nothing arrives for this long;\ndefault 1, or "forever"',
  },
  reconnect: {
    type: 'boolean',
    short: 'r',
    help: 'reconnect after a lost connection; lines typed in the meantime wait',
  },
  ping: {
    type: 'string',
    value: 'seconds',
    help: 'send pings at this interval, to keep the connection alive and detect a lost peer',
  },
  'max-message': { type: 'string', value: 'bytes', help: 'largest message to accept; default 16777216' },
} as const satisfies CommandOptions;

const OUTPUT = {
  json: { type: 'boolean', short: 'j', help: 'indent messages that are JSON' },
  events: { type: 'boolean', help: 'print one line of JSON per event' },
  timestamps: { type: 'boolean', short: 't', help: 'print the time of each message' },
  verbose: { type: 'boolean', short: 'v', help: 'print the handshake headers to stderr, without secrets' },
} as const satisfies CommandOptions;

const OPTIONS = { ...HANDSHAKE, ...MESSAGES, ...OUTPUT };

export const CONNECT_HELP = `Usage: serval connect [options] <uri>

Opens a WebSocket, sends each line of stdin as a message, and prints the messages it receives.

Handshake
${optionsHelp(HANDSHAKE)}

Messages
${optionsHelp(MESSAGES)}

Output
${optionsHelp(OUTPUT)}

In a terminal, lines that begin with a slash are commands; /help lists them.

Exit codes: 0 closed with 1000 or 1001, 2 usage error, 3 no connection, 4 refused by the server,
5 closed with another code or lost, 130 interrupted, 1 any other error.

Examples
  serval connect ws://localhost:8080/chat/red
  serval connect wss://example.com/prices -H 'Authorization: Bearer 4711' -s prices.v2 -s prices.v1
  echo '{"subscribe":"tea"}' | serval connect wss://example.com/prices --wait 10 --json
  serval connect ws://localhost:8080/echo -x hello -x world --events | jq .data
`;

const DEFAULT_WAIT_MS = 1000;
const DEFAULT_MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** Headers that --header cannot set, with the remedy. */
const NOT_BY_HAND = new Map([
  ['sec-websocket-protocol', 'use --subprotocol'],
  ['sec-websocket-extensions', 'use --compress'],
  ['sec-websocket-key', 'the handshake sets it'],
  ['sec-websocket-version', 'the handshake sets it'],
  ['host', 'the handshake sets it'],
  ['connection', 'the handshake sets it'],
  ['upgrade', 'the handshake sets it'],
]);

/** @throws UsageError */
export function parseConnectArguments(args: readonly string[]): ConnectArguments {
  const { values, positionals } = parseArguments(args, OPTIONS);
  const [uri, ...rest] = positionals;
  if (uri === undefined || rest.length > 0)
    throw new UsageError(`connect takes one URI, such as ws://localhost:8080/chat; found ${positionals.length}`);
  if (values.proxy !== undefined && values['no-proxy'])
    throw new UsageError('--proxy and --no-proxy exclude each other');
  if (values.json && values.events) throw new UsageError('--json and --events exclude each other');
  if ((values.cert === undefined) !== (values.key === undefined)) throw new UsageError('--cert and --key go together');
  const headers = (values.header ?? []).map(parseHeader);
  if (values.origin !== undefined) headers.push(['Origin', values.origin]);
  // The default scheme is ws:, which needs no certificate.
  const absolute = uri.includes('://') || uri.startsWith('ws+unix:') ? uri : `ws://${uri}`;
  if (values.user !== undefined && URL.canParse(absolute) && new URL(absolute).username !== '')
    throw new UsageError('--user and the user information of the URI exclude each other');
  return {
    uri: absolute,
    headers,
    subprotocols: values.subprotocol ?? [],
    user: values.user === undefined ? undefined : parseUser(values.user),
    proxy: values['no-proxy'] ? false : values.proxy,
    tls: readTls(values),
    compress: values.compress ?? false,
    messages: values.execute,
    binary: values.binary ?? false,
    waitMs: values.wait === 'forever' ? Infinity : (seconds('--wait', values.wait) ?? DEFAULT_WAIT_MS),
    reconnect: values.reconnect ?? false,
    pingMs: seconds('--ping', values.ping),
    timeoutMs: seconds('--timeout', values.timeout),
    maxMessageBytes:
      wholeNumber('--max-message', values['max-message'], { min: 0, max: 2 ** 31 - 1, unit: 'bytes' }) ??
      DEFAULT_MAX_MESSAGE_BYTES,
    format: values.json ? 'json' : values.events ? 'events' : 'plain',
    timestamps: values.timestamps ?? false,
    verbose: values.verbose ?? false,
  };
}

function parseHeader(text: string): [name: string, value: string] {
  const colon = text.indexOf(':');
  const name = text.slice(0, colon).trim();
  // The value may be a secret, so no message shows it.
  if (colon < 1 || !/^[\w!#$%&'*+.^`|~-]+$/.test(name))
    throw new UsageError("--header takes a name and a value, such as --header 'Authorization: Bearer 4711'");
  const remedy = NOT_BY_HAND.get(name.toLowerCase());
  if (remedy !== undefined) throw new UsageError(`--header cannot set ${name}; ${remedy}`);
  return [name, text.slice(colon + 1).trim()];
}

function parseUser(text: string): { name: string; password: string | undefined } {
  const colon = text.indexOf(':');
  return colon < 0
    ? { name: text, password: undefined }
    : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly insecure?: boolean | undefined;
}

function readTls({ ca, cert, key, insecure }: TlsFiles): ConnectionOptions {
  return {
    ...(ca !== undefined && { ca: readPem('--ca', ca) }),
    ...(cert !== undefined && { cert: readPem('--cert', cert) }),
    ...(key !== undefined && { key: readPem('--key', key) }),
    ...(insecure && { rejectUnauthorized: false }),
  };
}

/** @throws UsageError when the file cannot be read */
export function readPem(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`${option} cannot be read: ${(error as Error).message}`);
  }
}
