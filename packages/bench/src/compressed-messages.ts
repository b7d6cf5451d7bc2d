import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';

// So many that a message has left the compressor's 32 KiB window before its next turn.
const COUNT = 64;
/** RFC 7692 7.2.1: the bytes that a sender omits at the end of a message. */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** JSON of exactly this many bytes each, like an application's: same keys, different values, equal in every run. */
export function jsonMessages(bytes: number): readonly string[] {
  const random = mulberry32(1);
  return Array.from({ length: COUNT }, (_, index) => jsonMessage(bytes, index, random));
}

/** The file from which the generator sends: each message compressed separately, which every server must accept. */
export function formatCompressed(messages: readonly string[]): Buffer {
  return Buffer.concat(
    messages.flatMap((message) => {
      const compressed = deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -TAIL.length);
      return [uint32(compressed.length), compressed];
    }),
  );
}

/**
 * Whether the answers kept by the generator are the messages, repeated from the first on.
 * They are inflated as one stream, so it doesn't matter whether the server takes over its context.
 */
export function answersAreRight(answers: Buffer, messages: readonly string[]): boolean {
  const compressed: Buffer[] = [];
  for (let at = 0; at < answers.length;) {
    const length = readUint32(answers, at);
    compressed.push(answers.subarray(at + 4, at + 4 + length), TAIL);
    at += 4 + length;
  }
  const count = compressed.length / 2;
  const expected = Array.from({ length: count }, (_, index) => messages[index % messages.length]).join('');
  const received = inflateRawSync(Buffer.concat(compressed), { finishFlush: constants.Z_SYNC_FLUSH });
  return count > 0 && received.toString() === expected;
}

function jsonMessage(bytes: number, index: number, random: () => number): string {
  const orders: object[] = [];
  const text = (note: string) => JSON.stringify({ type: 'orders', batch: index, orders, note });
  for (;;) {
    orders.push({
      id: Math.floor(random() * 1e9),
      article: ['tea', 'coffee', 'cake', 'bread'][Math.floor(random() * 4)],
      quantity: 1 + Math.floor(random() * 20),
      price: Math.floor(random() * 10_000) / 100,
      paid: random() < 0.5,
    });
    if (text('').length <= bytes) continue;
    orders.pop();
    return text('.'.repeat(bytes - text('').length));
  }
}

function uint32(value: number): Buffer {
  // The generator reads and writes in the byte order of the machine.
  return Buffer.from(Uint32Array.of(value).buffer);
}

function readUint32(buffer: Buffer, at: number): number {
  const bytes = Uint8Array.from(buffer.subarray(at, at + 4));
  return new Uint32Array(bytes.buffer)[0] ?? 0;
}

/** A small generator of repeatable random numbers, 0 to 1. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
