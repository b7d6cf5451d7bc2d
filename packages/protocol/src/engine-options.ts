import { FLAG, switchable, wholeNumber, type OptionTable, type ReadOptions } from '@serval/api/spi';

/** How permessage-deflate is used (RFC 7692); everything has a default. */
export interface PerMessageDeflateOptions {
  /** Messages of fewer bytes are sent uncompressed. Default 1024. */
  readonly threshold?: number | undefined;
  /** From 1, the fastest, to 9, the smallest. Default 6. */
  readonly level?: number | undefined;
  /** How much memory zlib uses to compress. Default 5. */
  readonly memLevel?: number | undefined;
  /**
   * The logarithm of the window in which messages are compressed, even where a larger one was negotiated. The default is a
   * window of 4 KiB: with `memLevel` 5 a connection takes 32 KiB, where zlib's own defaults take 256 KiB for messages that
   * are a few percent smaller. Default 12.
   */
  readonly windowBits?: number | undefined;
  /** The server compresses each message by itself; otherwise later messages refer to earlier ones. Default false. */
  readonly serverNoContextTakeover?: boolean | undefined;
  /** The same for the client. Default false. */
  readonly clientNoContextTakeover?: boolean | undefined;
  /** The largest window that a server agrees to compress in, as a logarithm; 15 is 32 KiB. Default 15. */
  readonly serverMaxWindowBits?: number | undefined;
  /**
   * The same for the client. Below 15, a client that cannot limit its window is served without compression. Default 15.
   */
  readonly clientMaxWindowBits?: number | undefined;
  /**
   * Bytes that the compression states of all connections may take together. Beyond it, the engine drops the states that
   * were unused longest, and requests no_context_takeover from new peers. Default 134217728.
   */
  readonly maxMemory?: number | undefined;
  /** Messages above 64 KiB are compressed on other threads; this many at a time. Default 4. */
  readonly concurrency?: number | undefined;
}

const number = (min: number, max: number) => wholeNumber('whole number', min, max);

export const PER_MESSAGE_DEFLATE_OPTIONS = {
  threshold: { ...number(0, 2 ** 31 - 1), default: 1024 },
  level: { ...number(1, 9), default: 6 },
  memLevel: { ...number(1, 9), default: 5 },
  windowBits: { ...number(8, 15), default: 12 },
  serverNoContextTakeover: { ...FLAG, default: false },
  clientNoContextTakeover: { ...FLAG, default: false },
  serverMaxWindowBits: { ...number(8, 15), default: 15 },
  clientMaxWindowBits: { ...number(8, 15), default: 15 },
  maxMemory: { ...wholeNumber('whole number of bytes', 0, Number.MAX_SAFE_INTEGER), default: 128 * 1024 * 1024 },
  concurrency: { ...number(1, 1024), default: 4 },
} satisfies OptionTable<PerMessageDeflateOptions>;

/** The options of compression, read. */
export type CompressionSettings = ReadOptions<typeof PER_MESSAGE_DEFLATE_OPTIONS>;

/** The options of the native engine. */
export interface EngineOptions {
  /**
   * Whether, and how, messages are compressed for peers that negotiate permessage-deflate (RFC 7692). Compression costs
   * time on every message. Default false.
   */
  readonly perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
  /** The fragments that one message may have; more close the session with 1008. Default 16384. */
  readonly maxFragments?: number | undefined;
  /**
   * Whether all connections read into one buffer, which saves an allocation of 64 KiB for each read. The engine uses members
   * of Node's sockets that are not public, and only where a trial on a connection of this process to itself on 127.0.0.1
   * proves that they work: not on Bun and Deno, and under Node's permission model only with `--allow-net`. The trial takes a
   * few milliseconds; connections that open before its end change over then. Ignored over `ws`. Default true.
   */
  readonly sharedReads?: boolean | undefined;
}

export const ENGINE_OPTIONS = {
  perMessageDeflate: { ...switchable(PER_MESSAGE_DEFLATE_OPTIONS), default: false },
  // Many tiny fragments would cost more memory than their bytes tell.
  maxFragments: { ...wholeNumber('whole number of fragments', 1), default: 16_384 },
  sharedReads: { ...FLAG, default: true },
} satisfies OptionTable<EngineOptions>;
