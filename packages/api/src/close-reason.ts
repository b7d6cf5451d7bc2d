import { showAs } from './show-as';
import { brand } from './brand';
import { describeValue } from './describe-value';
import { IllegalArgumentException } from './errors';

/** A close frame has at most 125 bytes, two of which hold the code (RFC 6455 5.5.1). */
const MAX_REASON_BYTES = 123;

/** Whether a close frame may contain the code (RFC 6455 7.4, and the IANA registry up to 1014). */
export function isSendableCloseCode(code: number): boolean {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}

/** An object with a close code number. */
export interface CloseCode {
  /** The number on the wire, 1000 to 4999. */
  getCode(): number;
}

/** A close code with a name. {@link CloseCodes} holds all of them. */
export class RegisteredCloseCode implements CloseCode {
  constructor(
    readonly name: string,
    private readonly code: number,
  ) {}

  getCode(): number {
    return this.code;
  }

  toString(): string {
    return this.name;
  }
}

class ApplicationCloseCode implements CloseCode {
  constructor(private readonly code: number) {}

  getCode(): number {
    return this.code;
  }

  toString(): string {
    return String(this.code);
  }
}

const REGISTERED = {
  /** 1000: the conversation is complete. */
  NORMAL_CLOSURE: new RegisteredCloseCode('NORMAL_CLOSURE', 1000),
  /** 1001: a server shuts down, or a browser leaves the page. */
  GOING_AWAY: new RegisteredCloseCode('GOING_AWAY', 1001),
  /** 1002: the peer broke the protocol. */
  PROTOCOL_ERROR: new RegisteredCloseCode('PROTOCOL_ERROR', 1002),
  /** 1003: the receiver does not accept this type of data. */
  CANNOT_ACCEPT: new RegisteredCloseCode('CANNOT_ACCEPT', 1003),
  /** 1004: reserved, never on the wire. */
  RESERVED: new RegisteredCloseCode('RESERVED', 1004),
  /** 1005: a close frame without a code, never on the wire. */
  NO_STATUS_CODE: new RegisteredCloseCode('NO_STATUS_CODE', 1005),
  /** 1006: the connection ended without a close frame, never on the wire. */
  CLOSED_ABNORMALLY: new RegisteredCloseCode('CLOSED_ABNORMALLY', 1006),
  /** 1007: the data does not match its type, such as text that is not UTF-8. */
  NOT_CONSISTENT: new RegisteredCloseCode('NOT_CONSISTENT', 1007),
  /** 1008: a policy was violated. */
  VIOLATED_POLICY: new RegisteredCloseCode('VIOLATED_POLICY', 1008),
  /** 1009: a message is larger than the receiver accepts. */
  TOO_BIG: new RegisteredCloseCode('TOO_BIG', 1009),
  /** 1010: the server did not negotiate an extension that the client requires. */
  NO_EXTENSION: new RegisteredCloseCode('NO_EXTENSION', 1010),
  /** 1011: the server met an unexpected condition. */
  UNEXPECTED_CONDITION: new RegisteredCloseCode('UNEXPECTED_CONDITION', 1011),
  /** 1012: the service is restarting. */
  SERVICE_RESTART: new RegisteredCloseCode('SERVICE_RESTART', 1012),
  /** 1013: the server is overloaded; try again later. */
  TRY_AGAIN_LATER: new RegisteredCloseCode('TRY_AGAIN_LATER', 1013),
  /** 1015: the TLS handshake failed, never on the wire. */
  TLS_HANDSHAKE_FAILURE: new RegisteredCloseCode('TLS_HANDSHAKE_FAILURE', 1015),
} as const;

const BY_NUMBER = new Map<number, CloseCode>(Object.values(REGISTERED).map((code) => [code.getCode(), code]));

/**
 * The registered close codes by name, the lookup by number, and Java's enum methods `values` and `valueOf`.
 *
 * @see RFC 6455 7.4.1
 */
export const CloseCodes = Object.freeze({
  ...REGISTERED,

  /**
   * The close code for a number: one of the constants, or an application-defined code.
   *
   * @throws IllegalArgumentException when the number is not a whole number from 1000 to 4999
   */
  getCloseCode(code: number): CloseCode {
    if (!isCloseCodeNumber(code)) {
      throw new IllegalArgumentException(
        `A close code is a whole number from 1000 to 4999; found ${describeValue(code)}.`,
      );
    }
    return BY_NUMBER.get(code) ?? new ApplicationCloseCode(code);
  },

  /** All registered codes, in ascending order. */
  values(): readonly CloseCode[] {
    return Object.values(REGISTERED);
  },

  /**
   * The registered code with that name, such as `'GOING_AWAY'`.
   *
   * @throws IllegalArgumentException when no code has that name
   */
  valueOf(name: string): CloseCode {
    const found = Object.values(REGISTERED).find((code) => code.name === name);
    if (found === undefined) {
      throw new IllegalArgumentException(
        `No close code is named ${describeValue(name)}. Use one of the names in CloseReason.CloseCodes, such as "GOING_AWAY".`,
      );
    }
    return found;
  },
});

/**
 * Why a session ends or ended: a code, and a phrase for people to read.
 *
 * @example
 * await session.close(new CloseReason(CloseReason.CloseCodes.VIOLATED_POLICY, 'no shouting'));
 * await session.close(new CloseReason(4001, 'kicked'));
 *
 * @see RFC 6455 7.4
 */
export class CloseReason {
  /** The registered codes, as in Java: `CloseReason.CloseCodes.GOING_AWAY`. */
  static readonly CloseCodes = CloseCodes;

  readonly #closeCode: CloseCode;
  readonly #reasonPhrase: string;

  /**
   * @param closeCode a close code, or its number
   * @param reasonPhrase for people, at most 123 bytes of UTF-8; empty when left out
   * @throws IllegalArgumentException when the code is missing, of the wrong type or out of range, or the phrase is too
   * long or not a string
   */
  constructor(closeCode: CloseCode | number, reasonPhrase: string | null = '') {
    const phrase = requirePhrase(reasonPhrase);
    const bytes = Buffer.byteLength(phrase);
    if (bytes > MAX_REASON_BYTES) {
      throw new IllegalArgumentException(
        `The reason of a close frame has at most ${MAX_REASON_BYTES} bytes of UTF-8; found ${bytes}. Shorten it.`,
      );
    }
    this.#closeCode = requireCloseCode(closeCode);
    this.#reasonPhrase = phrase;
  }

  /**
   * Like the constructor, for phrases of unknown length: cuts a phrase over 123 bytes at a character boundary and ends it
   * with "…".
   *
   * @example
   * session.close(CloseReason.truncated(4400, error.message));
   */
  static truncated(closeCode: CloseCode | number, reasonPhrase: string | null = ''): CloseReason {
    const phrase = requirePhrase(reasonPhrase);
    if (Buffer.byteLength(phrase) <= MAX_REASON_BYTES) return new CloseReason(closeCode, phrase);
    const ellipsis = '…';
    let cut = '';
    let bytes = Buffer.byteLength(ellipsis);
    for (const character of phrase) {
      bytes += Buffer.byteLength(character);
      if (bytes > MAX_REASON_BYTES) break;
      cut += character;
    }
    return new CloseReason(closeCode, cut + ellipsis);
  }

  /** The close code's number, such as 1000 or 4001. Short for `getCloseCode().getCode()`. */
  get code(): number {
    return this.#closeCode.getCode();
  }

  /** {@link getReasonPhrase}, under the name that browsers use. */
  get reason(): string {
    return this.#reasonPhrase;
  }

  /** Whether the session ended with a close frame: false for 1006 and 1015, which stand for a lost connection. */
  get wasClean(): boolean {
    return this.code !== 1006 && this.code !== 1015;
  }

  getCloseCode(): CloseCode {
    return this.#closeCode;
  }

  /** The phrase, or the empty string if there is none. */
  getReasonPhrase(): string {
    return this.#reasonPhrase;
  }

  toString(): string {
    const code = this.#closeCode.getCode();
    return this.#reasonPhrase === '' ? `CloseReason[${code}]` : `CloseReason[${code},${this.#reasonPhrase}]`;
  }
}

/**
 * Reads the arguments of `close`: a {@link CloseReason}, or a code and a phrase.
 *
 * @param call the method's name, for messages
 * @throws IllegalArgumentException for anything else; the message says what to pass instead
 */
export function closeReasonOf(call: string, reason: unknown, phrase?: unknown): CloseReason {
  if (typeof reason === 'number') return new CloseReason(reason, phrase as string | undefined);
  if (reason instanceof CloseReason && phrase === undefined) {
    // The values from a subclass, or from another copy of this package, are checked like any others.
    return Object.getPrototypeOf(reason) === CloseReason.prototype
      ? reason
      : new CloseReason(reason.getCloseCode(), reason.getReasonPhrase());
  }
  const found = reason instanceof CloseReason ? `a phrase beside it, ${describeValue(phrase)}` : describeValue(reason);
  throw new IllegalArgumentException(
    `${call} takes a CloseReason, such as new CloseReason(4001, 'kicked'), or a close code and a phrase; found ${found}. ` +
      'Leave both out for 1000.',
  );
}

/**
 * A close reason as it goes on the wire. 1005 is an empty close frame, as NO_STATUS_CODE in the API; other codes that may
 * not be sent become 1002, as in Tomcat.
 */
export function wireClose(reason: CloseReason): { readonly code: number | undefined; readonly phrase: string } {
  const code = reason.getCloseCode().getCode();
  if (code === 1005) return { code: undefined, phrase: '' };
  return { code: isSendableCloseCode(code) ? code : 1002, phrase: reason.getReasonPhrase() };
}

function requireCloseCode(closeCode: unknown): CloseCode {
  if (typeof closeCode === 'number') return CloseCodes.getCloseCode(closeCode);
  if (isCloseCode(closeCode)) {
    CloseCodes.getCloseCode(closeCode.getCode());
    return closeCode;
  }
  throw new IllegalArgumentException(
    `A CloseReason needs a close code, such as 4001 or CloseReason.CloseCodes.GOING_AWAY; found ${describeValue(closeCode)}.`,
  );
}

function isCloseCode(value: unknown): value is CloseCode {
  return typeof value === 'object' && value !== null && 'getCode' in value && typeof value.getCode === 'function';
}

function requirePhrase(phrase: unknown): string {
  if (typeof phrase === 'string') return phrase;
  if (phrase === null || phrase === undefined) return '';
  throw new IllegalArgumentException(`The reason of a close frame is a string; found ${describeValue(phrase)}.`);
}

function isCloseCodeNumber(code: unknown): code is number {
  return Number.isInteger(code) && Number(code) >= 1000 && Number(code) <= 4999;
}

/** The specification's nested types, for annotations such as `code: CloseReason.CloseCode`. */

export declare namespace CloseReason {
  export type { CloseCode };
}

brand(CloseReason, 'CloseReason');
showAs(CloseReason, 'CloseReason', (reason) => reason.toString().slice('CloseReason['.length, -1));
