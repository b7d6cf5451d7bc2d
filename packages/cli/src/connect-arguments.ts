import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { parseArguments, seconds, UsageError, wholeNumber } from './command-arguments';

/** What `serval connect` was told. */
export interface ConnectArguments {
  readonly uri: string;
  /** Names and values, in the order given. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly subprotocols: readonly string[];
  readonly user: { readonly name: string; readonly password: string | undefined } | undefined;
  /** Undefined: as the environment says. */
  readonly proxy: string | false | undefined;
  readonly tls: ConnectionOptions;
  readonly compress: boolean;
  /** To be sent instead of what stdin says; undefined: stdin is read. */
  readonly messages: readonly string[] | undefined;
  readonly binary: boolean;
  /** Silence after which the WebSocket is closed once the input has ended, in milliseconds; Infinity for never. */
  readonly waitMs: number;
  readonly reconnect: boolean;
  readonly pingMs: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly maxMessageBytes: number;
  /** How messages are shown: as they are, JSON indented, or each event as a line of JSON. */
  readonly format: 'plain' | 'json' | 'events';
  readonly timestamps: boolean;
  readonly verbose: boolean;
}

export const CONNECT_HELP = `Usage: serval connect [options] <uri>

Opens a WebSocket, sends each line of the input as a message, and prints what is received.

Handshake
  -H, --header <name: value>   sent with the request; may be repeated
  -s, --subprotocol <name>     may be repeated, in order of preference
  -o, --origin <origin>        the page that the client would be
  -u, --user <name:password>   for servers that ask by Basic or Digest; without the password it is taken
                               from SERVAL_PASSWORD, or asked for
      --proxy <uri>            http://user:password@host:port, or socks5h:; default: the environment (https_proxy ...)
      --no-proxy               none, whatever the environment says
      --ca <file>              PEM; authorities to be trusted instead of the usual ones
      --cert, --key <file>     PEM; the certificate of the client
  -k, --insecure               any certificate will do
  -c, --compress               offers permessage-deflate
      --timeout <seconds>      for the whole handshake; default 30

Messages
  -x, --execute <text>         sent instead of the input; may be repeated
      --binary                 sends lines as binary messages, from a pipe all of it as one; prints bytes as they come
  -w, --wait <seconds>         after the input has ended: closes when nothing was received for so long;
                               default 1, or "forever"
  -r, --reconnect              gets a connection back that is lost; lines that are typed meanwhile wait
      --ping <seconds>         keeps the connection alive, and finds out when the peer is gone
      --max-message <bytes>    of a message that is received; default 16777216

Output
  -j, --json                   indents messages that are JSON
      --events                 a line of JSON for each thing that happens
  -t, --timestamps             when it was received
  -v, --verbose                headers of the handshake, to stderr; secrets are left out

In a terminal, lines that begin with a slash are commands; /help lists them.

Exit codes: 0 closed with 1000 or 1001, 2 usage, 3 no connection, 4 refused by the server,
5 closed with another code or lost, 130 interrupted, 1 anything else.

Examples
  serval connect ws://localhost:8080/chat/red
  serval connect wss://example.com/prices -H 'Authorization: Bearer 4711' -s prices.v2 -s prices.v1
  echo '{"subscribe":"tea"}' | serval connect wss://example.com/prices --wait 10 --json
  serval connect ws://localhost:8080/echo -x hello -x world --events | jq .data
`;

const OPTIONS = {
  header: { type: 'string', short: 'H', multiple: true },
  subprotocol: { type: 'string', short: 's', multiple: true },
  origin: { type: 'string', short: 'o' },
  user: { type: 'string', short: 'u' },
  proxy: { type: 'string' },
  'no-proxy': { type: 'boolean' },
  ca: { type: 'string' },
  cert: { type: 'string' },
  key: { type: 'string' },
  insecure: { type: 'boolean', short: 'k' },
  compress: { type: 'boolean', short: 'c' },
  timeout: { type: 'string' },
  execute: { type: 'string', short: 'x', multiple: true },
  binary: { type: 'boolean' },
  wait: { type: 'string', short: 'w' },
  reconnect: { type: 'boolean', short: 'r' },
  ping: { type: 'string' },
  'max-message': { type: 'string' },
  json: { type: 'boolean', short: 'j' },
  events: { type: 'boolean' },
  timestamps: { type: 'boolean', short: 't' },
  verbose: { type: 'boolean', short: 'v' },
} as const;

const DEFAULT_WAIT_MS = 1000;
const DEFAULT_MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** Headers that another option sets, or nobody. */
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
  // Without a scheme it is the one that needs no certificate.
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

/** @throws UsageError where the file cannot be read */
export function readPem(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`${option} cannot be read: ${(error as Error).message}`);
  }
}
