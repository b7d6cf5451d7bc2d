import { constants as bufferConstants } from 'node:buffer';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { ProtocolViolation } from './close-frame';
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
