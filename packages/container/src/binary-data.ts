import { types } from 'node:util';
import { IllegalArgumentException } from '@serval/api';

/**
 * The bytes of a value that can be sent as a binary message: any view, any ArrayBuffer, of this realm or another. They are
 * copied only where they could change by themselves: shared with another thread, or in a resizable buffer.
 *
 * @returns undefined for anything else
 * @throws IllegalArgumentException for a buffer that was transferred
 */
export function asBytes(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array && value.byteLength > 0 && isFixed(value.buffer)) return value;
  return isBytes(value) ? bytesOf(value) : undefined;
}

/** Whether the value is one that {@link asBytes} takes. */
export function isBytes(value: unknown): value is ArrayBufferView | ArrayBufferLike {
  return ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value);
}

function isFixed(buffer: ArrayBufferLike & { readonly resizable?: boolean }): boolean {
  return buffer.constructor === ArrayBuffer && buffer.resizable !== true;
}

function bytesOf(value: ArrayBufferView | ArrayBufferLike): Uint8Array {
  try {
    const bytes = ArrayBuffer.isView(value)
      ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      : new Uint8Array(value);
    const { resizable = false }: ArrayBufferLike & { readonly resizable?: boolean } = bytes.buffer;
    return resizable || types.isSharedArrayBuffer(bytes.buffer) ? bytes.slice() : bytes;
  } catch (cause) {
    throw new IllegalArgumentException(
      'The bytes to send are gone: their ArrayBuffer is detached, or shorter than the view. Send them before you transfer it, or send a copy.',
      { cause },
    );
  }
}
