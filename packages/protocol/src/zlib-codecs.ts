import { constants as bufferConstants } from 'node:buffer';
import { constants, createDeflateRaw, createInflateRaw, deflateRawSync, inflateRawSync } from 'node:zlib';
import { ProtocolViolation } from './close-frame';

/** RFC 7692 7.2.1: a sender leaves these bytes out at the end of a message. */
export const DEFLATE_TAIL: Buffer = Buffer.from([0x00, 0x00, 0xff, 0xff]);
/** A back-reference reaches this far. */
const LARGEST_WINDOW = 32_768;
/** Deflate streams that one message may consist of: each costs the time of a new inflater. */
const MAX_FINAL_BLOCKS = 32;
/** The most bytes that are inflated at a time. */
const OUTPUT_SIZE = 65_536;
const NOTHING = Buffer.alloc(0);

/** How to compress; see zlib's deflateInit2. */
export interface DeflateSettings {
  readonly windowBits: number;
  readonly level: number;
  readonly memLevel: number;
}

/** Compresses messages, or parts of them, one after the other. */
export interface Deflater {
  /** The result ends on a byte boundary, with the tail; it is valid until the next call to any deflater or inflater. */
  deflate(bytes: Buffer): Buffer;
  /** Drops the bytes that the next ones could refer back to. */
  reset(): void;
  close(): void;
}

/** Inflates messages as their bytes arrive. */
export interface Inflater {
  /**
   * Takes the next bytes of a message; the earlier ones must have been read.
   *
   * @param last whether the message ends with them
   */
  write(bytes: Buffer, last: boolean): void;
  /**
   * The next bytes of the message, at most 64 KiB; valid until the next call to any deflater or inflater.
   *
   * @param most how many bytes may still come, at least 1
   * @throws ProtocolViolation 1007 for bytes that are not deflated data; 1009 for more than `most`, if all is inflated at once
   */
  read(most: number): Buffer;
  /** Whether all that was written has been read. */
  readonly isDrained: boolean;
  /** Copies the rest of the bytes that were written, which may change from now on. */
  keepInput(): void;
  /** Drops the bytes that the next message could refer back to. */
  reset(): void;
  close(): void;
}

/** A way to use zlib. */
export interface ZlibCodecs {
  /** Whether deflaters and inflaters remember one message for the next, and inflate as bytes arrive. */
  readonly keepContext: boolean;
  createDeflater(settings: DeflateSettings): Deflater;
  createInflater(windowBits: number): Inflater;
}

// --- by zlib's streams, driven synchronously ------------------------------------------------------------------------

/**
 * The part of a stream that node:zlib's own synchronous functions use. It is not public, so a trial proves that it works.
 * By a stream's public interface each message goes to another thread and back, which takes ten times as long.
 */
interface ZlibStream {
  readonly _handle: {
    onerror: (message: string) => void;
    writeSync(
      flush: number,
      input: Buffer,
      inputStart: number,
      inputLength: number,
      output: Buffer,
      outputStart: number,
      outputLength: number,
    ): void;
  };
  /** The rest after a write: of the room for output, and of the input. */
  readonly _writeState: Uint32Array;
  reset(): void;
  close(): void;
}

/** The buffer of a stream, which is never used; zlib takes no less. */
const LEAST_CHUNK = 64;

/** The output of all streams, one at a time. */
let output = NOTHING;

/** One zlib state. After `run` its fields tell what happened. */
class ZlibContext {
  /** Bytes that were put out. */
  written = 0;
  /** Bytes of the input that were not taken. */
  left = 0;
  #error: string | undefined;

  constructor(private readonly stream: ZlibStream) {
    stream._handle.onerror = (message) => (this.#error = message);
  }

  /** @throws Error of zlib; the context is of no use then */
  run(input: Buffer, at: number, room: number): void {
    if (output.length === 0) output = Buffer.allocUnsafeSlow(OUTPUT_SIZE);
    const { _handle: handle, _writeState: state } = this.stream;
    handle.writeSync(constants.Z_SYNC_FLUSH, input, 0, input.length, output, at, room);
    if (this.#error !== undefined) throw new Error(this.#error);
    const [roomLeft = 0, left = 0] = state;
    this.written = room - roomLeft;
    this.left = left;
  }

  reset(): void {
    this.stream.reset();
  }

  close(): void {
    this.stream.close();
  }
}

class StreamDeflater implements Deflater {
  readonly #context: ZlibContext;

  constructor(settings: DeflateSettings) {
    // The trial has proved that the members of ZlibStream exist.
    this.#context = new ZlibContext(createDeflateRaw({ ...settings, chunkSize: LEAST_CHUNK }) as unknown as ZlibStream);
  }

  deflate(bytes: Buffer): Buffer {
    const context = this.#context;
    let input = bytes;
    let pieces: Buffer[] | undefined;
    for (;;) {
      context.run(input, 0, OUTPUT_SIZE);
      const piece = output.subarray(0, context.written);
      if (context.written < OUTPUT_SIZE) return pieces === undefined ? piece : Buffer.concat([...pieces, piece]);
      (pieces ??= []).push(Buffer.from(piece));
      input = input.subarray(input.length - context.left);
    }
  }

  reset(): void {
    this.#context.reset();
  }

  close(): void {
    this.#context.close();
  }
}

class StreamInflater implements Inflater {
  #context: ZlibContext;
  #input: Buffer = NOTHING;
  /** The source of the inflated bytes: the written ones, the last ones of a message, or the tail behind them. */
  #phase: 'idle' | 'bytes' | 'last bytes' | 'tail' = 'idle';
  /** Whether any byte of the message has come. */
  #hasBytes = false;
  #finalBlocks = 0;
  /** The end of a message that comes in more than one piece: the successor of a final block may refer to it. */
  #history: History | undefined;

  constructor(private readonly windowBits: number) {
    this.#context = openInflater(windowBits, NOTHING);
  }

  get isDrained(): boolean {
    return this.#phase === 'idle';
  }

  write(bytes: Buffer, last: boolean): void {
    this.#input = bytes;
    this.#phase = last ? 'last bytes' : 'bytes';
    if (bytes.length > 0) this.#hasBytes = true;
  }

  read(most: number): Buffer {
    const room = Math.min(most, OUTPUT_SIZE);
    let written = 0;
    let isOver = false;
    while (written < room) {
      this.#run(written, room - written);
      written += this.#context.written;
      this.#input = this.#input.subarray(this.#input.length - this.#context.left);
      if (written === room) break;
      // All is read that there is, unless a final block has ended the deflate stream within the message (RFC 7692 7.2.3.4).
      if (this.#context.left > 0 && this.#phase !== 'tail') {
        this.#startAnew(written);
      } else if (this.#phase === 'last bytes' && this.#hasBytes) {
        this.#phase = 'tail';
        this.#input = DEFLATE_TAIL;
      } else {
        if (this.#context.left > 0) this.#startAnew(written);
        // A message without any byte has no tail either: it would be taken for the beginning of a block.
        isOver = this.#phase !== 'bytes';
        this.#phase = 'idle';
        this.#input = NOTHING;
        break;
      }
    }
    const bytes = output.subarray(0, written);
    this.#remember(bytes, isOver);
    return bytes;
  }

  keepInput(): void {
    this.#input = Buffer.from(this.#input);
  }

  reset(): void {
    this.#context.reset();
  }

  close(): void {
    this.#context.close();
  }

  #run(at: number, room: number): void {
    try {
      this.#context.run(this.#input, at, room);
    } catch (error) {
      throw notDeflated(error);
    }
  }

  #startAnew(written: number): void {
    this.#finalBlocks += 1;
    if (this.#finalBlocks > MAX_FINAL_BLOCKS) throw tooManyFinalBlocks();
    const bytes = output.subarray(0, written);
    const dictionary = this.#history?.followedBy(bytes) ?? Buffer.from(lastBytes(bytes));
    this.#context.close();
    this.#context = openInflater(this.windowBits, dictionary);
  }

  #remember(bytes: Buffer, isOver: boolean): void {
    if (isOver) {
      this.#history = undefined;
      this.#hasBytes = false;
      this.#finalBlocks = 0;
    } else {
      (this.#history ??= new History()).push(bytes);
    }
  }
}

/** The bytes of a message that a back-reference can reach, in a ring: a message may come in thousands of small pieces. */
class History {
  readonly #ring = Buffer.allocUnsafe(LARGEST_WINDOW);
  #length = 0;
  /** The place of the next byte. */
  #end = 0;

  push(bytes: Buffer): void {
    const kept = lastBytes(bytes);
    const tail = kept.copy(this.#ring, this.#end);
    kept.copy(this.#ring, 0, tail);
    this.#end = (this.#end + kept.length) % LARGEST_WINDOW;
    this.#length = Math.min(LARGEST_WINDOW, this.#length + kept.length);
  }

  /** The bytes that a back-reference reaches from behind these. */
  followedBy(bytes: Buffer): Buffer {
    const ring = this.#ring;
    // The ring is full once its bytes no longer begin at 0.
    const before =
      this.#length < LARGEST_WINDOW
        ? [ring.subarray(0, this.#end)]
        : [ring.subarray(this.#end), ring.subarray(0, this.#end)];
    return lastBytes(Buffer.concat([...before, bytes]));
  }
}

function openInflater(windowBits: number, dictionary: Buffer): ZlibContext {
  const options = { windowBits, chunkSize: LEAST_CHUNK, ...(dictionary.length > 0 && { dictionary }) };
  // The trial has proved that the members of ZlibStream exist.
  return new ZlibContext(createInflateRaw(options) as unknown as ZlibStream);
}

function lastBytes(bytes: Buffer): Buffer {
  return bytes.subarray(-LARGEST_WINDOW);
}

/** By the streams of node:zlib, synchronously. */
export const streamCodecs: ZlibCodecs = {
  keepContext: true,
  createDeflater: (settings) => new StreamDeflater(settings),
  createInflater: (windowBits) => new StreamInflater(windowBits),
};

// --- by zlib's public functions -------------------------------------------------------------------------------------

class WholeDeflater implements Deflater {
  constructor(private readonly settings: DeflateSettings) {}

  deflate(bytes: Buffer): Buffer {
    return deflateRawSync(bytes, { ...this.settings, finishFlush: constants.Z_SYNC_FLUSH });
  }

  reset(): void {}
  close(): void {}
}

/** Collects a message and inflates it when it is whole. */
class WholeInflater implements Inflater {
  #pieces: Buffer[] = [];
  #isWhole = false;
  #inflated: Buffer | undefined;

  get isDrained(): boolean {
    return !this.#isWhole && this.#inflated === undefined;
  }

  write(bytes: Buffer, last: boolean): void {
    this.#pieces.push(last ? bytes : Buffer.from(bytes));
    this.#isWhole = last;
  }

  read(most: number): Buffer {
    if (this.#isWhole) {
      this.#isWhole = false;
      this.#inflated = inflateWhole(Buffer.concat([...this.#pieces, DEFLATE_TAIL]), most);
      this.#pieces = [];
    }
    const rest = this.#inflated ?? NOTHING;
    this.#inflated = rest.length > OUTPUT_SIZE ? rest.subarray(OUTPUT_SIZE) : undefined;
    return rest.subarray(0, OUTPUT_SIZE);
  }

  keepInput(): void {}
  reset(): void {}
  close(): void {}
}

function inflateWhole(input: Buffer, maxBytes: number): Buffer {
  const first = inflateBlocks(input, maxBytes, NOTHING);
  let { consumed } = first;
  let message = first.bytes;
  // A final block ends a deflate stream, not the message; its successor may refer back to it.
  for (let streams = 1; input.length - consumed > DEFLATE_TAIL.length; streams += 1) {
    if (streams > MAX_FINAL_BLOCKS) throw tooManyFinalBlocks();
    const next = inflateBlocks(input.subarray(consumed), maxBytes - message.length, message.subarray(-LARGEST_WINDOW));
    message = Buffer.concat([message, next.bytes]);
    consumed += next.consumed;
  }
  return message;
}

/** Inflates to the end of the input or of a final block. */
function inflateBlocks(
  input: Buffer,
  maxBytes: number,
  dictionary: Buffer,
): { readonly bytes: Buffer; readonly consumed: number } {
  try {
    // @types/node leaves out what `info` changes: the result, and the engine that counts its input.
    const { buffer, engine } = inflateRawSync(input, {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: Math.min(Math.max(1, maxBytes), bufferConstants.MAX_LENGTH),
      info: true,
      ...(dictionary.length > 0 && { dictionary }),
    }) as unknown as { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };
    if (buffer.length <= maxBytes) return { bytes: buffer, consumed: engine.bytesWritten };
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code !== 'ERR_BUFFER_TOO_LARGE') throw notDeflated(error);
  }
  throw new ProtocolViolation(1009, 'The message inflates to more bytes than are taken.');
}

/** By zlib's public functions: whole messages, each for itself. */
export const publicCodecs: ZlibCodecs = {
  keepContext: false,
  createDeflater: (settings) => new WholeDeflater(settings),
  createInflater: () => new WholeInflater(),
};

// --- which of the two -----------------------------------------------------------------------------------------------

let best: ZlibCodecs | undefined;

/** The streams where this Node lets them be driven synchronously, else the public functions. */
export function zlibCodecs(): ZlibCodecs {
  return (best ??= work(streamCodecs) ? streamCodecs : publicCodecs);
}

/** Whether a message and a second one that refers back to it come through, and nonsense is refused. */
function work(codecs: ZlibCodecs): boolean {
  try {
    const deflater = codecs.createDeflater({ windowBits: 15, level: 6, memLevel: 8 });
    const inflater = codecs.createInflater(15);
    const text = Buffer.from('once more '.repeat(20));
    for (const longest of [60, 20]) {
      const deflated = Buffer.from(deflater.deflate(text));
      inflater.write(deflated.subarray(0, -DEFLATE_TAIL.length), true);
      if (deflated.length > longest || !inflater.read(text.length + 1).equals(text) || !inflater.isDrained)
        return false;
    }
    deflater.close();
    return refusesNonsense(inflater);
  } catch {
    return false;
  }
}

function refusesNonsense(inflater: Inflater): boolean {
  try {
    inflater.write(Buffer.from([0xff]), true);
    inflater.read(1);
    return false;
  } catch (error) {
    inflater.close();
    return error instanceof ProtocolViolation;
  }
}

function notDeflated(cause: unknown): ProtocolViolation {
  return new ProtocolViolation(1007, 'a compressed message is not deflated data', cause);
}

function tooManyFinalBlocks(): ProtocolViolation {
  return new ProtocolViolation(1007, 'a compressed message has too many final blocks');
}
