import { createHash } from 'node:crypto';
import { createExtension, type Extension } from '@serval/api';
import { extension, subprotocol } from 'ws';

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
 * The names in a Sec-WebSocket-Protocol header, in the client's order.
 *
 * @throws SyntaxError for a header that breaks RFC 6455 4.1
 */
export function parseSubprotocols(header: string): string[] {
  return [...subprotocol.parse(header)];
}

/**
 * The extensions in a Sec-WebSocket-Extensions header, in its order; several offers of one extension stand together.
 *
 * @throws SyntaxError for a header that breaks RFC 6455 9.1
 */
export function parseExtensions(header: string): Extension[] {
  const offers: Extension[] = [];
  for (const [name, list] of Object.entries(extension.parse(header))) {
    for (const parameters of list) {
      const pairs = Object.entries(parameters).flatMap(([key, values]) =>
        values.map((value): [string, string] => [key, value === true ? '' : value]),
      );
      offers.push(createExtension(name, pairs));
    }
  }
  return offers;
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
  return /^[\w!#$%&'*+.^`|~-]+$/.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`;
}
