import { constants, deflateRaw } from 'node:zlib';
import { createExtension, type Extension } from '@serval/api';
import { readNested } from '@serval/api/spi';
import {
  PERMESSAGE_DEFLATE,
  type DeflateAgreement,
  type DeflateDirection,
  type DeflateWishes,
} from './deflate-negotiation';
import { PER_MESSAGE_DEFLATE_OPTIONS, type PerMessageDeflateOptions } from './engine-options';
import { MessageDeflate, type DeflateCallback, type DeflatePool } from './message-deflate';
import { zlibCodecs } from './zlib-codecs';
import type { Deflater, DeflateSettings, Inflater, ZlibCodecs } from './zlib-contract';

/** Inflaters that are kept for later messages without context. */
const MAX_SPARE_INFLATERS = 16;
/** Bytes of an inflater besides its window, in zlib and Node. */
const INFLATER_OVERHEAD = 12 * 1024;
const DEFLATER_OVERHEAD = 8 * 1024;
const LARGEST_MEM_LEVEL = 9;

interface LatestMessage {
  readonly message: string | Uint8Array;
  /** A copy: a sender may change a binary message and send it again. */
  readonly bytes: Buffer | undefined;
  readonly windowBits: number;
  readonly deflated: Buffer;
}

/** permessage-deflate of one engine: its settings, and the memory that all its connections share. */
export class Compression implements DeflatePool {
  readonly threshold: number;
  /** The parameters that a server answers with, and that a client offers. */
  readonly wishes: DeflateWishes;
  readonly extension: Extension = createExtension(PERMESSAGE_DEFLATE);
  readonly #level: number;
  readonly #memLevel: number;
  readonly #windowBits: number;
  readonly #maxMemory: number;
  readonly #concurrency: number;
  /** Bytes of the inflaters that connections hold, or may hold later. */
  #reservedBytes = 0;
  /** The deflaters that connections keep between messages, least recently used first. */
  readonly #kept = new Map<MessageDeflate, { readonly deflater: Deflater; readonly bytes: number }>();
  #keptBytes = 0;
  /** For messages without context: one for each window. */
  readonly #plain = new Map<number, Deflater>();
  readonly #spare: { readonly windowBits: number; readonly inflater: Inflater }[] = [];
  /** The message that was compressed last without context, and its compressed form. */
  #latest: LatestMessage | undefined;
  #running = 0;
  /** The large messages that wait for a thread, in order, at most one of each connection. */
  readonly #waiting = new Map<MessageDeflate, () => void>();

  /** @throws DeploymentException for an option that is out of range or unknown */
  constructor(
    options: PerMessageDeflateOptions,
    private readonly codecs: ZlibCodecs = zlibCodecs(),
  ) {
    const settings = readNested('perMessageDeflate', PER_MESSAGE_DEFLATE_OPTIONS, options);
    this.threshold = settings.threshold;
    this.#level = settings.level;
    this.#memLevel = settings.memLevel;
    this.#windowBits = settings.windowBits;
    this.#maxMemory = settings.maxMemory;
    this.#concurrency = settings.concurrency;
    const forgets = !codecs.keepContext;
    this.wishes = {
      server: {
        noContextTakeover: forgets || settings.serverNoContextTakeover,
        windowBits: settings.serverMaxWindowBits,
      },
      client: {
        noContextTakeover: forgets || settings.clientNoContextTakeover,
        windowBits: settings.clientMaxWindowBits,
      },
    };
  }

  get inflatesInParts(): boolean {
    return this.codecs.keepContext;
  }

  /** Like {@link wishes}, for one more peer: without context if there is no memory for one more inflater. */
  wishesForNow(role: 'server' | 'client'): DeflateWishes {
    const peer = role === 'server' ? 'client' : 'server';
    const wish = this.wishes[peer];
    const isTight = this.#reservedBytes + inflaterBytes(wish.windowBits) > this.#maxMemory / 2;
    return isTight ? { ...this.wishes, [peer]: { ...wish, noContextTakeover: true } } : this.wishes;
  }

  /** The compression of a new connection. Its `close` releases the memory that this call reserves. */
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

  /** A deflater for the next part of the connection's messages. It refers back to earlier ones if that is agreed and memory allows. */
  deflaterFor(connection: MessageDeflate, own: DeflateDirection): Deflater {
    const windowBits = Math.min(own.windowBits, this.#windowBits);
    if (!own.noContextTakeover) {
      const kept = this.#kept.get(connection) ?? this.#keep(windowBits);
      if (kept !== undefined) {
        // The last in the order is the most recently used.
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

  /** Drops the memory of the connection's deflater. A compressor may do so at any time: it need not refer back. */
  forget(connection: MessageDeflate): void {
    const kept = this.#kept.get(connection);
    if (kept === undefined) return;
    this.#kept.delete(connection);
    this.#keptBytes -= kept.bytes;
    kept.deflater.close();
  }

  latestOr(message: string | Uint8Array, windowBits: number, deflate: () => Buffer): Buffer {
    const latest = this.#latest;
    if (latest?.message === message && latest.windowBits === windowBits && isUnchanged(latest)) return latest.deflated;
    const bytes = typeof message === 'string' ? undefined : Buffer.from(message);
    const deflated = Buffer.from(deflate());
    this.#latest = { message, bytes, windowBits, deflated };
    return deflated;
  }

  takeInflater(windowBits: number): Inflater {
    const index = this.#spare.findIndex((spare) => spare.windowBits === windowBits);
    const [spare] = index < 0 ? [] : this.#spare.splice(index, 1);
    return spare?.inflater ?? this.codecs.createInflater(windowBits);
  }

  giveBack(inflater: Inflater, windowBits: number): void {
    if (this.#spare.length >= MAX_SPARE_INFLATERS) {
      inflater.close();
      return;
    }
    inflater.reset();
    this.#spare.push({ windowBits, inflater });
  }

  /** Compresses a large message without context, on another thread. */
  deflateLarge(connection: MessageDeflate, bytes: Buffer, windowBits: number, done: DeflateCallback): void {
    const start = (): void => {
      this.#running += 1;
      // For this short time it may have all the memory that zlib can use.
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

  /** A deflater to keep, if there is memory for it once older ones are dropped. */
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

function isUnchanged({ message, bytes }: LatestMessage): boolean {
  return typeof message === 'string' || bytes?.equals(message) === true;
}

function inflaterBytes(windowBits: number): number {
  return 2 ** windowBits + INFLATER_OVERHEAD;
}
