import { constants as bufferConstants } from 'node:buffer';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { createExtension, type Extension } from '@serval/api';
import { ProtocolViolation } from './protocol-violation';

const NAME = 'permessage-deflate';
/** RFC 7692 7.2.1: what a sender leaves away at the end of a message. */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);
/** A message shorter than this gains nothing by compression. */
const THRESHOLD = 1024;
const NOTHING_COMPRESSED = Buffer.from([0x00]);
/** A back-reference reaches this far. */
const LARGEST_WINDOW = 32_768;
/** Deflate streams that one message may consist of: each costs the time of a new inflater. */
const MAX_FINAL_BLOCKS = 32;

/**
 * permessage-deflate without context takeover (RFC 7692): each message is compressed by itself, so an idle session holds
 * no compression state at all.
 */
export class MessageDeflate {
  private constructor(
    /** What was agreed, for the response header. */
    readonly extension: Extension,
    private readonly windowBits: number,
  ) {}

  /** Answers the first offer that can be accepted; undefined when there is none. */
  static accept(offers: readonly Extension[]): MessageDeflate | undefined {
    for (const offer of offers) {
      if (offer.getName() !== NAME) continue;
      const accepted = acceptOffer(offer);
      if (accepted !== undefined) return new MessageDeflate(accepted.agreement, accepted.windowBits);
    }
    return undefined;
  }

  static readonly installed: Extension = createExtension(NAME);

  /** Whether a message of that many bytes is worth compressing. */
  compresses(bytes: number): boolean {
    return bytes >= THRESHOLD;
  }

  deflate(message: Buffer): Buffer {
    const { Z_SYNC_FLUSH } = constants;
    const compressed = deflateRawSync(message, { finishFlush: Z_SYNC_FLUSH, windowBits: this.windowBits, memLevel: 7 });
    // Z_SYNC_FLUSH ends in the tail, which is not sent; nothing left is the empty block (RFC 7692 7.2.3.6).
    const end = compressed.length - (compressed.subarray(-4).equals(TAIL) ? 4 : 0);
    return end === 0 ? NOTHING_COMPRESSED : compressed.subarray(0, end);
  }

  /** @throws ProtocolViolation 1009 when the message becomes larger than `maxBytes`, 1007 when it is not deflated data */
  inflate(compressed: Buffer, maxBytes: number): Buffer {
    const input = Buffer.concat([compressed, TAIL]);
    const first = inflateBlocks(input, maxBytes, undefined);
    let consumed = first.consumed;
    if (isNothing(input, consumed)) return first.bytes;
    // RFC 7692 7.2.3.4: a final block ends a deflate stream, not the message; its successor may refer back to it.
    let message = first.bytes;
    for (let streams = 1; !isNothing(input, consumed); streams += 1) {
      if (streams > MAX_FINAL_BLOCKS)
        throw new ProtocolViolation(1007, 'a compressed message has too many final blocks');
      const next = inflateBlocks(
        input.subarray(consumed),
        maxBytes - message.length,
        message.subarray(-LARGEST_WINDOW),
      );
      message = Buffer.concat([message, next.bytes]);
      consumed += next.consumed;
    }
    return message;
  }
}

/** Inflates to the end of the input or of a final block. */
function inflateBlocks(
  input: Buffer,
  maxBytes: number,
  dictionary: Buffer | undefined,
): { readonly bytes: Buffer; readonly consumed: number } {
  try {
    // @types/node leaves out what `info` changes: the result, and the engine that counts its input.
    const { buffer, engine } = inflateRawSync(input, {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: Math.min(Math.max(1, maxBytes), bufferConstants.MAX_LENGTH),
      info: true,
      ...(dictionary !== undefined && dictionary.length > 0 && { dictionary }),
    }) as unknown as { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };
    if (buffer.length <= maxBytes) return { bytes: buffer, consumed: engine.bytesWritten };
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code !== 'ERR_BUFFER_TOO_LARGE') throw new ProtocolViolation(1007, 'a compressed message is not deflated data');
  }
  throw new ProtocolViolation(1009, 'The message inflates to more bytes than are taken.');
}

/** Whether only the tail, or the flush byte before it, is left behind a final block. */
function isNothing(input: Buffer, consumed: number): boolean {
  const left = input.length - consumed;
  return left <= TAIL.length || (left === TAIL.length + 1 && input[consumed] === 0);
}

/** RFC 7692 7.1. @returns undefined for an offer that must be declined: unknown, repeated or invalid parameters */
function acceptOffer(offer: Extension): { readonly agreement: Extension; readonly windowBits: number } | undefined {
  const seen = new Set<string>();
  let windowBits = 15;
  for (const parameter of offer.getParameters()) {
    const name = parameter.getName();
    const value = parameter.getValue();
    if (seen.has(name)) return undefined;
    seen.add(name);
    switch (name) {
      case 'server_no_context_takeover':
      case 'client_no_context_takeover':
        if (value !== '') return undefined;
        break;
      case 'server_max_window_bits': {
        const bits = parseBits(value);
        // zlib cannot write raw deflate data with a window of 8 bits.
        if (bits === undefined || bits < 9) return undefined;
        windowBits = bits;
        break;
      }
      case 'client_max_window_bits':
        if (value !== '' && parseBits(value) === undefined) return undefined;
        // Any window of the client's can be inflated, so its wish needs no answer.
        break;
      default:
        return undefined;
    }
  }
  const agreed: [string, string][] = [
    ['server_no_context_takeover', ''],
    ['client_no_context_takeover', ''],
  ];
  if (seen.has('server_max_window_bits')) agreed.push(['server_max_window_bits', String(windowBits)]);
  return { agreement: createExtension(NAME, agreed), windowBits };
}

function parseBits(value: string): number | undefined {
  return /^(?:[89]|1[0-5])$/.test(value) ? Number(value) : undefined;
}
