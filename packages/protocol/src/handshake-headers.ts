import { createHash } from 'node:crypto';
import { createExtension, type Extension } from '@serval/api';

/** RFC 6455 1.3: concatenated to the key before hashing. */
const KEY_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

// 16 bytes in base64 are 22 characters, of which the last carries 2 bits, and the padding.
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

/** Whether a Sec-WebSocket-Key is the base64 of 16 bytes (RFC 6455 4.2.1). */
export function isValidKey(key: string): boolean {
  return KEY.test(key);
}

/** The Sec-WebSocket-Accept that answers a key (RFC 6455 4.2.2). */
export function acceptValue(key: string): string {
  return createHash('sha1')
    .update(key + KEY_SUFFIX)
    .digest('base64');
}

/**
 * The names in a Sec-WebSocket-Protocol header, in the client's order. Empty elements are ignored (RFC 9110 5.6.1).
 *
 * @throws SyntaxError for a header that breaks RFC 6455 4.1
 */
export function parseSubprotocols(header: string): string[] {
  const names = new Set<string>();
  readList(new HeaderReader(header), (reader) => {
    const name = reader.token();
    // RFC 6455 4.1: "MUST all be unique strings".
    if (names.has(name)) throw new SyntaxError(`${name} appears more than once`);
    names.add(name);
  });
  return [...names];
}

/**
 * The extensions in a Sec-WebSocket-Extensions header, in its order. Empty elements are ignored (RFC 9110 5.6.1), and so
 * is whitespace around `;` and `=` (RFC 6455 9.1: "implied *LWS").
 *
 * @throws SyntaxError for a header that breaks RFC 6455 9.1
 */
export function parseExtensions(header: string): Extension[] {
  const extensions: Extension[] = [];
  readList(new HeaderReader(header), (reader) => {
    const name = reader.token();
    const parameters: [name: string, value: string][] = [];
    while (reader.skip(';')) {
      const parameter = reader.token();
      parameters.push([parameter, reader.skip('=') ? reader.value() : '']);
    }
    extensions.push(createExtension(name, parameters));
  });
  return extensions;
}

/** The header that {@link parseExtensions} reads back. */
export function formatExtensions(extensions: readonly Extension[]): string {
  return extensions
    .map((one) =>
      [
        one.getName(),
        ...one
          .getParameters()
          .map((p) => (p.getValue() === '' ? p.getName() : `${p.getName()}=${quote(p.getValue())}`)),
      ].join('; '),
    )
    .join(', ');
}

function quote(value: string): string {
  return TOKEN_ONLY.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`;
}

/** RFC 9110 5.6.1.2: a recipient ignores empty elements; a list of nothing else is empty. */
function readList(reader: HeaderReader, readElement: (reader: HeaderReader) => void): void {
  while (!reader.isAtEnd) {
    if (reader.skip(',')) continue;
    readElement(reader);
    if (!reader.isAtEnd) reader.expectComma();
  }
}

// RFC 9110 5.6.2.
const TOKEN_ONLY = /^[\w!#$%&'*+.^`|~-]+$/;
const TOKEN = /[\w!#$%&'*+.^`|~-]+/y;
// RFC 9110 5.6.4.
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const WHITESPACE = /[ \t]*/y;

/** Reads the parts of a header field from left to right, in linear time. Whitespace between parts is skipped. */
class HeaderReader {
  #at = 0;

  constructor(private readonly header: string) {
    this.#skipWhitespace();
  }

  get isAtEnd(): boolean {
    return this.#at === this.header.length;
  }

  /** Passes a delimiter, if it comes next. */
  skip(delimiter: string): boolean {
    if (this.header[this.#at] !== delimiter) return false;
    this.#at += 1;
    this.#skipWhitespace();
    return true;
  }

  expectComma(): void {
    if (!this.skip(',')) throw this.#unexpected('a comma');
  }

  token(): string {
    const [token] = this.#match(TOKEN) ?? [];
    if (token === undefined) throw this.#unexpected('a token');
    this.#skipWhitespace();
    return token;
  }

  /** A token, or a quoted string that holds one (RFC 6455 9.1). */
  value(): string {
    const [, quoted] = this.#match(QUOTED) ?? [];
    if (quoted === undefined) return this.token();
    const value = quoted.replace(/\\(.)/g, '$1');
    if (!TOKEN_ONLY.test(value)) throw new SyntaxError(`the quoted value "${quoted}" is not a token`);
    this.#skipWhitespace();
    return value;
  }

  #skipWhitespace(): void {
    this.#match(WHITESPACE);
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.header) ?? undefined;
    this.#at += match?.[0].length ?? 0;
    return match;
  }

  #unexpected(expected: string): SyntaxError {
    const found = this.isAtEnd ? 'the end' : JSON.stringify(this.header.slice(this.#at, this.#at + 20));
    return new SyntaxError(`expected ${expected} at position ${this.#at}; found ${found}`);
  }
}
