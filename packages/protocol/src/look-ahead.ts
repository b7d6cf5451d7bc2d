import { OPCODE } from './frame-parser';
import { applyMask } from './mask';

/** Takes the control frames that are seen before their turn. */
export interface AheadListener {
  /** @param payload a copy, unmasked */
  onPingAhead(payload: Buffer): void;
  /** @param payload a copy, unmasked */
  onCloseAhead(payload: Buffer): void;
}

const MAX_CONTROL_PAYLOAD = 125;

/**
 * Looks for pings and a close frame among frames that wait behind messages nobody takes yet. Only the headers of data frames
 * are read; the frame parser judges them when their turn comes.
 *
 * @param from where a frame begins; may be beyond the bytes
 * @param isMasked whether the frames are a client's
 * @returns where the next frame begins that is not here as a whole; Infinity behind a close frame, or what cannot be right
 */
export function lookAhead(bytes: Buffer, from: number, isMasked: boolean, listener: AheadListener): number {
  let at = from;
  while (at + 2 <= bytes.length) {
    const first = bytes[at] ?? 0;
    const second = bytes[at + 1] ?? 0;
    const opcode = first & 0x0f;
    const short = second & 0x7f;
    if ((first & 0x30) !== 0 || ((second & 0x80) !== 0) !== isMasked) return Infinity;
    const lengthSize = short === 126 ? 2 : short === 127 ? 8 : 0;
    const payloadAt = at + 2 + lengthSize + (isMasked ? 4 : 0);
    if (payloadAt > bytes.length) return at;
    if (opcode < OPCODE.close) {
      const length =
        short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
      at = payloadAt + length;
      continue;
    }
    // RFC 6455 5.5: whole, and short.
    if ((first & 0xc0) !== 0x80 || short > MAX_CONTROL_PAYLOAD) return Infinity;
    const end = payloadAt + short;
    if (end > bytes.length) return at;
    if (opcode !== OPCODE.pong) {
      const payload = Buffer.from(bytes.subarray(payloadAt, end));
      if (isMasked) applyMask(payload, 0, short, bytes.readInt32BE(payloadAt - 4), 0);
      if (opcode === OPCODE.ping) listener.onPingAhead(payload);
      else listener.onCloseAhead(payload);
    }
    if (opcode === OPCODE.close) return Infinity;
    at = end;
  }
  return at;
}
