import { constants, deflateRaw } from 'node:zlib';
import { createExtension, DeploymentException, type Extension } from '@serval/api';
import { badOption } from '@serval/api/spi';
import {
  PERMESSAGE_DEFLATE,
  type DeflateAgreement,
  type DeflateDirection,
  type DeflateWishes,
} from './deflate-negotiation';
import { MessageDeflate } from './message-deflate';
import { zlibCodecs, type Deflater, type DeflateSettings, type Inflater, type ZlibCodecs } from './zlib-codecs';

/** How permessage-deflate is used (RFC 7692); everything has a default. */
export interface PerMessageDeflateOptions {
  /** Messages of fewer bytes are sent as they are. Default 1024. */
  readonly threshold?: number | undefined;
  /** From 1, the fastest, to 9, the smallest. Default 6. */
  readonly level?: number | undefined;
  /** How much memory zlib takes for compressing, from 1 to 9. Default 5. */
  readonly memLevel?: number | undefined;
  /**
   * The logarithm of the window in which messages are compressed, from 8 to 15, whatever larger one was agreed on.
   * Default 12, which is 4 KiB: with `memLevel` 5 a connection takes 32 KiB, where zlib's own defaults take 256 KiB for
   * messages that are a few percent smaller.
   */
  readonly windowBits?: number | undefined;
  /** The server compresses each message by itself. Default false: later messages refer to earlier ones. */
  readonly serverNoContextTakeover?: boolean | undefined;
  /** The same for the client. Default false. */
  readonly clientNoContextTakeover?: boolean | undefined;
  /** The largest window that a server agrees to compress in, as a logarithm, from 8 to 15. Default 15, which is 32 KiB. */
  readonly serverMaxWindowBits?: number | undefined;
  /** The same for the client; below 15 a client that cannot limit its window is served without compression. Default 15. */
  readonly clientMaxWindowBits?: number | undefined;
  /**
   * Bytes that the compression states of all connections may take together. Beyond it the states that were not used for
   * longest are given up, and new peers are asked for messages that need none. Default 134217728.
   */
  readonly maxMemory?: number | undefined;
  /** Messages above 64 KiB are compressed on other threads, so many at a time. Default 4. */
  readonly concurrency?: number | undefined;
}

const RANGES = {
  threshold: { min: 0, max: 2 ** 31 - 1, byDefault: 1024 },
  level: { min: 1, max: 9, byDefault: 6 },
  memLevel: { min: 1, max: 9, byDefault: 5 },
  windowBits: { min: 8, max: 15, byDefault: 12 },
  serverMaxWindowBits: { min: 8, max: 15, byDefault: 15 },
  clientMaxWindowBits: { min: 8, max: 15, byDefault: 15 },
  maxMemory: { min: 0, max: Number.MAX_SAFE_INTEGER, byDefault: 128 * 1024 * 1024 },
  concurrency: { min: 1, max: 1024, byDefault: 4 },
} as const;

/** Inflaters that are kept for the next message that needs one for itself. */
const MAX_SPARE_INFLATERS = 16;
/** What zlib and Node need for an inflater besides its window. */
const INFLATER_OVERHEAD = 12 * 1024;
const DEFLATER_OVERHEAD = 8 * 1024;
const LARGEST_MEM_LEVEL = 9;

/** permessage-deflate of one engine: its settings, and the memory that all its connections share. */
export class Compression {
  readonly threshold: number;
  /** What a server answers offers with, and a client offers. */
  readonly wishes: DeflateWishes;
  readonly extension: Extension = createExtension(PERMESSAGE_DEFLATE);
  readonly #level: number;
  readonly #memLevel: number;
  readonly #windowBits: number;
  readonly #maxMemory: number;
  readonly #concurrency: number;
  /** Bytes of the inflaters that connections hold, or may come to hold. */
  #reservedBytes = 0;
  /** The deflaters that connections keep between messages, the longest unused one first. */
  readonly #kept = new Map<MessageDeflate, { readonly deflater: Deflater; readonly bytes: number }>();
  #keptBytes = 0;
  /** For messages that are compressed by themselves: one for each window. */
  readonly #plain = new Map<number, Deflater>();
  readonly #spare: { readonly windowBits: number; readonly inflater: Inflater }[] = [];
  /** The text that was compressed by itself last, and what it became. */
  #latest: { readonly text: string; readonly windowBits: number; readonly deflated: Buffer } | undefined;
  #running = 0;
  /** The large messages that wait for a thread, one of a connection at most, in order. */
  readonly #waiting = new Map<MessageDeflate, () => void>();

  /** @throws DeploymentException for an option that is out of range or unknown */
  constructor(
    options: PerMessageDeflateOptions,
    readonly codecs: ZlibCodecs = zlibCodecs(),
  ) {
    const numbers = checkOptions(options);
    this.threshold = numbers.threshold;
    this.#level = numbers.level;
    this.#memLevel = numbers.memLevel;
    this.#windowBits = numbers.windowBits;
    this.#maxMemory = numbers.maxMemory;
    this.#concurrency = numbers.concurrency;
    const forgets = !codecs.keepContext;
    this.wishes = {
      server: {
        noContextTakeover: forgets || options.serverNoContextTakeover === true,
        windowBits: numbers.serverMaxWindowBits,
      },
      client: {
        noContextTakeover: forgets || options.clientNoContextTakeover === true,
        windowBits: numbers.clientMaxWindowBits,
      },
    };
  }

  /** As {@link wishes} for one more peer: without context where there is no memory for one more inflater. */
  wishesForNow(role: 'server' | 'client'): DeflateWishes {
    const peer = role === 'server' ? 'client' : 'server';
    const wish = this.wishes[peer];
    const isTight = this.#reservedBytes + inflaterBytes(wish.windowBits) > this.#maxMemory / 2;
    return isTight ? { ...this.wishes, [peer]: { ...wish, noContextTakeover: true } } : this.wishes;
  }

  /** The compression of a new connection; its `close` gives back what it takes here. */
  open(agreement: DeflateAgreement, role: 'server' | 'client'): MessageDeflate {
    const [own, peer] = role === 'server' ? [agreement.server, agreement.client] : [agreement.client, agreement.server];
    if (!peer.noContextTakeover) this.#reservedBytes += inflaterBytes(peer.windowBits);
    return new MessageDeflate(agreement.extension, own, peer, this);
  }

  closed(connection: MessageDeflate, peer: DeflateDirection): void {
    this.forget(connection);
    this.#waiting.delete(connection);
    if (!peer.noContextTakeover) this.#reservedBytes -= inflaterBytes(peer.windowBits);
  }

  /** A deflater for the next part of the connection's messages, which remembers the earlier ones if it may and can. */
  deflaterFor(connection: MessageDeflate, own: DeflateDirection): Deflater {
    const windowBits = Math.min(own.windowBits, this.#windowBits);
    if (!own.noContextTakeover) {
      const kept = this.#kept.get(connection) ?? this.#keep(windowBits);
      if (kept !== undefined) {
        // The last in the order is the one that was used last.
        this.#kept.delete(connection);
        this.#kept.set(connection, kept);
        return kept.deflater;
      }
    }
    let plain = this.#plain.get(windowBits);
    if (plain === undefined) this.#plain.set(windowBits, (plain = this.#createDeflater(windowBits)));
    else plain.reset();
    return plain;
  }

  /** Gives up what the connection's deflater remembers. A compressor may do so at any time: it need not refer back. */
  forget(connection: MessageDeflate): void {
    const kept = this.#kept.get(connection);
    if (kept === undefined) return;
    this.#kept.delete(connection);
    this.#keptBytes -= kept.bytes;
    kept.deflater.close();
  }

  /** What the text was compressed to, if it was the last one in such a window. */
  latestOr(text: string, windowBits: number, deflate: () => Buffer): Buffer {
    if (this.#latest?.windowBits !== windowBits || this.#latest.text !== text)
      this.#latest = { text, windowBits, deflated: Buffer.from(deflate()) };
    return this.#latest.deflated;
  }

  takeInflater(windowBits: number): Inflater {
    const index = this.#spare.findIndex((spare) => spare.windowBits === windowBits);
    const [spare] = index < 0 ? [] : this.#spare.splice(index, 1);
    return spare?.inflater ?? this.codecs.createInflater(windowBits);
  }

  /** Takes back an inflater whose message is over, for any other connection. */
  giveBack(inflater: Inflater, windowBits: number): void {
    if (this.#spare.length >= MAX_SPARE_INFLATERS) {
      inflater.close();
      return;
    }
    inflater.reset();
    this.#spare.push({ windowBits, inflater });
  }

  /**
   * Compresses a large message by itself, on another thread.
   *
   * @param done is called from the event loop; not at all where the connection has closed before its turn came
   */
  deflateLarge(
    connection: MessageDeflate,
    bytes: Buffer,
    windowBits: number,
    done: (error: Error | null, deflated: Buffer) => void,
  ): void {
    const start = (): void => {
      this.#running += 1;
      // It is worth all the memory that it can have, for so long.
      const options = {
        ...this.#settings(windowBits),
        memLevel: LARGEST_MEM_LEVEL,
        finishFlush: constants.Z_SYNC_FLUSH,
      };
      deflateRaw(bytes, options, (error, deflated) => {
        this.#running -= 1;
        this.#startNext();
        done(error, deflated);
      });
    };
    if (this.#running < this.#concurrency) start();
    else this.#waiting.set(connection, start);
  }

  #startNext(): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next[0]);
    next[1]();
  }

  /** A deflater to be kept, if there is memory for it when older ones are given up. */
  #keep(windowBits: number): { readonly deflater: Deflater; readonly bytes: number } | undefined {
    const bytes = 2 ** (windowBits + 2) + 2 ** (this.#memLevel + 9) + DEFLATER_OVERHEAD;
    const room = this.#maxMemory - this.#reservedBytes;
    if (bytes > room) return undefined;
    for (const [oldest] of this.#kept) {
      if (this.#keptBytes + bytes <= room) break;
      this.forget(oldest);
    }
    this.#keptBytes += bytes;
    return { deflater: this.#createDeflater(windowBits), bytes };
  }

  #createDeflater(windowBits: number): Deflater {
    return this.codecs.createDeflater(this.#settings(windowBits));
  }

  #settings(windowBits: number): DeflateSettings {
    // zlib makes 9 of 8, and refers back no further than 250 bytes then, which fits in a window of 8 bits.
    return { windowBits: Math.max(9, windowBits), level: this.#level, memLevel: this.#memLevel };
  }
}

function inflaterBytes(windowBits: number): number {
  return 2 ** windowBits + INFLATER_OVERHEAD;
}

const SWITCHES = ['serverNoContextTakeover', 'clientNoContextTakeover'] as const;

function checkOptions(options: PerMessageDeflateOptions): Record<keyof typeof RANGES, number> {
  const given = new Map<string, unknown>(Object.entries(options));
  const numbers = new Map<string, number>();
  for (const [name, { min, max, byDefault }] of Object.entries(RANGES)) {
    const value = given.has(name) && given.get(name) !== undefined ? given.get(name) : byDefault;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
      throw badOption(`perMessageDeflate.${name}`, `a whole number from ${min} to ${max}`, value);
    numbers.set(name, value);
    given.delete(name);
  }
  for (const name of SWITCHES) {
    const value = given.get(name);
    if (value !== undefined && typeof value !== 'boolean')
      throw badOption(`perMessageDeflate.${name}`, 'true or false', value);
    given.delete(name);
  }
  for (const [name, value] of given) {
    if (value !== undefined) throw unknownOption(name);
  }
  // Every name of RANGES has been set.
  return Object.fromEntries(numbers) as Record<keyof typeof RANGES, number>;
}

function unknownOption(name: string): DeploymentException {
  const known = [...Object.keys(RANGES), ...SWITCHES].join(', ');
  return new DeploymentException(
    `perMessageDeflate has no option ${name}; it has ${known}.`,
    undefined,
    'WS_DEPLOY_BAD_OPTION',
  );
}
