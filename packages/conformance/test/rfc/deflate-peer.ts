import {
  constants,
  createDeflateRaw,
  createInflateRaw,
  deflateRawSync,
  inflateRawSync,
  type DeflateRaw,
  type InflateRaw,
} from 'node:zlib';
import { clientFrame, type LiteralSocket } from '@serval/testing';

/** How one side compresses. */
export interface Direction {
  readonly noContextTakeover?: boolean;
  readonly windowBits?: number;
}

const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** zlib finds a distance beyond the window only in what it has written before: so it writes little at a time. */
const STRICT_CHUNK = 256;

/** Compresses messages as the client of a connection, by Node's zlib and nothing of ours. */
export class MessageDeflater {
  readonly #stream;

  constructor(private readonly direction: Direction) {
    this.#stream = direction.noContextTakeover ? undefined : createDeflateRaw(settings(direction));
  }

  async deflate(message: string | Buffer): Promise<Buffer> {
    const bytes = Buffer.from(message as string);
    const stream = this.#stream;
    const deflated =
      stream === undefined
        ? deflateRawSync(bytes, { ...settings(this.direction), finishFlush: constants.Z_SYNC_FLUSH })
        : await flushed(stream, bytes);
    return deflated.subarray(0, -TAIL.length);
  }
}

function settings({ windowBits = 15 }: Direction): { windowBits: number } {
  // For zlib 8 is 9, whose distances stay below 250 there.
  return { windowBits: Math.max(9, windowBits) };
}

/** Inflates what the server sends; fails where it refers to what its parameters do not allow. */
export class MessageInflater {
  readonly #stream;
  readonly #options: { readonly windowBits: number; readonly chunkSize: number };

  constructor({ noContextTakeover = false, windowBits = 15 }: Direction) {
    this.#options = { windowBits, chunkSize: STRICT_CHUNK };
    this.#stream = noContextTakeover ? undefined : createInflateRaw(this.#options);
  }

  inflate(payload: Buffer): Promise<Buffer> | Buffer {
    const bytes = Buffer.concat([payload, TAIL]);
    const stream = this.#stream;
    return stream === undefined
      ? inflateRawSync(bytes, { ...this.#options, finishFlush: constants.Z_SYNC_FLUSH })
      : flushed(stream, bytes);
  }
}

/** Writes to a zlib stream. @returns all that it gives for it */
function flushed(stream: DeflateRaw | InflateRaw, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const collect = (chunk: Buffer): void => void chunks.push(chunk);
    stream.on('data', collect).once('error', reject);
    stream.write(bytes);
    stream.flush(constants.Z_SYNC_FLUSH, () => {
      stream.off('data', collect).off('error', reject);
      resolve(Buffer.concat(chunks));
    });
  });
}

/** A frame of the server. */
export interface ServerFrame {
  readonly first: number;
  readonly payload: Buffer;
}

export async function readFrame(client: LiteralSocket): Promise<ServerFrame> {
  const [first = 0, short = 0] = await client.read(2);
  const length =
    short === 127
      ? Number((await client.read(8)).readBigUInt64BE())
      : short === 126
        ? (await client.read(2)).readUInt16BE()
        : short;
  return { first, payload: await client.read(length) };
}

/** The frames of a message, cut into fragments of so many bytes: RSV1 stands on the first only (RFC 7692 6.1). */
export function compressedFrames(opcode: 1 | 2, payload: Buffer, size = Infinity): Buffer[] {
  const frames: Buffer[] = [];
  let at = 0;
  do {
    const last = at + size >= payload.length;
    const part = payload.subarray(at, last ? payload.length : at + size);
    frames.push(clientFrame((at === 0 ? 0x40 | opcode : 0) | (last ? 0x80 : 0), part));
    at += size;
  } while (at < payload.length);
  return frames;
}
