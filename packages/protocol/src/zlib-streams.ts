import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib';
import {
  DEFLATE_TAIL,
  LARGEST_WINDOW,
  MAX_FINAL_BLOCKS,
  notDeflated,
  OUTPUT_SIZE,
  tooManyFinalBlocks,
  type Deflater,
  type DeflateSettings,
  type Inflater,
  type ZlibCodecs,
} from './zlib-contract';

const NOTHING = Buffer.alloc(0);

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
