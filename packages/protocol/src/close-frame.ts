import { isSendableCloseCode } from '@serval/api/spi';
import { decodeUtf8, INVALID_UTF8 } from './utf8';

/**
 * The reason to fail a connection, with its close code: the peer broke a rule (RFC 6455 7.1.7), or the engine met something
 * unexpected.
 */
export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation';

  constructor(
    readonly closeCode: 1002 | 1007 | 1008 | 1009 | 1011,
    message: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

/** The content of a close frame; code 1005 when it is empty. */
export interface CloseFrame {
  readonly code: number;
  readonly reason: string;
}

/**
 * Reads the payload of a close frame.
 *
 * @throws ProtocolViolation 1002 for one byte, or a code that may not be sent; 1007 for a reason that is not UTF-8
 * @see RFC 6455 5.5.1, 7.4
 */
export function parseCloseFrame(payload: Buffer): CloseFrame {
  if (payload.length === 0) return { code: 1005, reason: '' };
  if (payload.length === 1) throw new ProtocolViolation(1002, 'a close frame has a body of one byte');
  const code = payload.readUInt16BE(0);
  if (!isSendableCloseCode(code)) throw new ProtocolViolation(1002, `close code ${code} may not be sent`);
  const reason = decodeUtf8(payload.subarray(2));
  if (reason === INVALID_UTF8) throw new ProtocolViolation(1007, 'the reason of a close frame is not UTF-8');
  return { code, reason };
}

/** As {@link parseCloseFrame}; undefined for what that refuses. */
export function validCloseFrame(payload: Buffer): CloseFrame | undefined {
  try {
    return parseCloseFrame(payload);
  } catch {
    return undefined;
  }
}

/** The payload of a close frame; empty without a code. */
export function formatCloseFrame(code: number | undefined, reason: string): Buffer {
  if (code === undefined) return Buffer.alloc(0);
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code);
  payload.write(reason, 2);
  return payload;
}
