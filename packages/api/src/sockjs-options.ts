import type { HandshakeRequest } from './handshake';
import { ANY, bytes, FLAG, milliseconds, MILLISECONDS_OR_NEVER, NAME, wholeNumber } from './option-kinds';
import { badOption, isOptionsObject, readNested, type OptionKind, type OptionTable } from './options';

/** The options of SockJS, with Spring's names and defaults. Times are milliseconds, sizes bytes. */
export interface SockJsOptions {
  /** A streaming response ends when it has so many bytes; the client then sends the next request. Default 131072. */
  readonly streamBytesLimit?: number | undefined;
  /** So many messages wait for the client's next request; further ones wait in the session's queue. Default 100. */
  readonly httpMessageCacheSize?: number | undefined;
  /** How long a session without an open response waits for the client's next request. Default 5000. */
  readonly disconnectDelay?: number | undefined;
  /** After so much silence the server sends a heartbeat. 0 or less means never. Default 25000. */
  readonly heartbeatTime?: number | undefined;
  /**
   * Whether responses set a cookie JSESSIONID, by which load balancers send a client to the same server, and whether
   * `info` asks clients to send cookies. Default true.
   */
  readonly sessionCookieNeeded?: boolean | undefined;
  /** The script of sockjs-client that the iframe page loads. Default: version 1.6.1 from cdn.jsdelivr.net. */
  readonly clientLibraryUrl?: string | undefined;
  /** Whether clients may use the WebSocket transports below the endpoint's path. Default true. */
  readonly webSocketEnabled?: boolean | undefined;
  /** Whether to leave out the headers of CORS, because a proxy adds them. Default false. */
  readonly suppressCors?: boolean | undefined;
  /** Foreign origins that may connect by SockJS, in place of the container's `allowedOrigins`. Default: the container's. */
  readonly allowedOrigins?:
    '*' | readonly string[] | ((origin: string, request: HandshakeRequest) => boolean | Promise<boolean>) | undefined;
  /**
   * Whether clients may use the transports jsonp and jsonp_send. Any page can read the responses of a script, so only the
   * session's ID protects them. Default false. Not in Spring.
   */
  readonly jsonp?: boolean | undefined;
  /**
   * Whether the requests of a session without a user must come from one address. Set it to false for phones that change
   * their network. Default true. Not in Spring, where the addresses are always compared.
   */
  readonly bindToAddress?: boolean | undefined;
  /** The largest body of a request with messages; a larger one gets 413. Default 1048576. Not in Spring. */
  readonly maxBodySize?: number | undefined;
}

/** How an endpoint, or a container for its endpoints, speaks SockJS: not at all, with the defaults, or with options. */
export type SockJsChoice = boolean | SockJsOptions;

export const SOCK_JS_OPTIONS = {
  streamBytesLimit: { ...bytes(1), default: 131_072 },
  httpMessageCacheSize: { ...wholeNumber('whole number of messages', 1), default: 100 },
  disconnectDelay: { ...milliseconds(1), default: 5000 },
  heartbeatTime: { ...MILLISECONDS_OR_NEVER, default: 25_000 },
  sessionCookieNeeded: { ...FLAG, default: true },
  clientLibraryUrl: { ...NAME, default: 'https://cdn.jsdelivr.net/npm/sockjs-client@1.6.1/dist/sockjs.min.js' },
  webSocketEnabled: { ...FLAG, default: true },
  suppressCors: { ...FLAG, default: false },
  // The server reads them as it reads those of the container.
  allowedOrigins: ANY,
  jsonp: { ...FLAG, default: false },
  bindToAddress: { ...FLAG, default: true },
  maxBodySize: { ...bytes(2), default: 1_048_576 },
} satisfies OptionTable<SockJsOptions>;

/** @returns false for off, else the options that are given: those of an endpoint stand before those of its container */
export const SOCK_JS: OptionKind<false | SockJsOptions> = {
  expected: 'true, false or an object of options, such as { heartbeatTime: 10000 }',
  table: SOCK_JS_OPTIONS,
  read(choice, name) {
    if (choice === false) return false;
    if (choice === true) return {};
    if (!isOptionsObject(choice)) throw badOption(name, SOCK_JS.expected, choice);
    const read = readNested(name, SOCK_JS_OPTIONS, choice);
    return Object.fromEntries(Object.entries(read).filter(([option]) => Reflect.get(choice, option) !== undefined));
  },
};
