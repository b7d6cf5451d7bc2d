import { createContext, runInContext } from 'node:vm';
import { IllegalArgumentException } from '@serval/api';
import { asBytes } from '../src/binary-data';

const realm = createContext({ SharedArrayBuffer });
const elsewhere = (code: string): unknown => runInContext(code, realm) as unknown;

function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(3);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

test.each<[string, unknown]>([
  ['a Buffer', Buffer.from([1, 2, 3])],
  ['an ArrayBuffer', Uint8Array.of(1, 2, 3).buffer],
  ['a DataView', new DataView(Uint8Array.of(0, 1, 2, 3, 4).buffer, 1, 3)],
  ['another typed array', new Int8Array([1, 2, 3])],
  ['a SharedArrayBuffer', sharedBytes().buffer],
  ['a view on a SharedArrayBuffer', sharedBytes()],
  ['an ArrayBuffer of another realm', elsewhere('Uint8Array.of(1, 2, 3).buffer')],
  ['a Uint8Array of another realm', elsewhere('Uint8Array.of(1, 2, 3)')],
  ['a DataView of another realm', elsewhere('new DataView(Uint8Array.of(1, 2, 3).buffer)')],
])('%s is bytes', (_what, value) => {
  expect([...(asBytes(value) ?? [])]).toEqual([1, 2, 3]);
});

function sharedBytes(): Uint8Array {
  const bytes = new Uint8Array(new SharedArrayBuffer(3));
  bytes.set([1, 2, 3]);
  return bytes;
}

test('does not copy a Buffer', () => {
  const buffer = Buffer.alloc(70_000);
  expect(asBytes(buffer)).toBe(buffer);
  expect(asBytes(buffer.buffer)?.buffer).toBe(buffer.buffer);
});

test('copies memory that another thread or a resize could change', () => {
  const shared = sharedBytes();
  const copy = asBytes(shared);
  shared[0] = 9;
  expect([...(copy ?? [])]).toEqual([1, 2, 3]);
  const Resizable = ArrayBuffer as unknown as new (
    length: number,
    options: object,
  ) => ArrayBuffer & { resize(to: number): void };
  const buffer = new Resizable(3, { maxByteLength: 8 });
  const whole = asBytes(buffer);
  const tracking = asBytes(new Uint8Array(buffer));
  buffer.resize(0);
  expect([whole?.byteLength, tracking?.byteLength]).toEqual([3, 3]);
});

test('empty bytes are an empty message', () => {
  expect([asBytes(Buffer.alloc(0))?.byteLength, asBytes(new ArrayBuffer(0))?.byteLength]).toEqual([0, 0]);
});

test.each<[string, () => unknown]>([
  ['ArrayBuffer', detached],
  [
    'Uint8Array',
    () => {
      const bytes = new Uint8Array(3);
      structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
      return bytes;
    },
  ],
  [
    'DataView',
    () => {
      const view = new DataView(new ArrayBuffer(3));
      structuredClone(view.buffer, { transfer: [view.buffer] });
      return view;
    },
  ],
])('a detached %s is a mistake, and no empty message', (_what, make) => {
  expect(() => asBytes(make())).toThrow(IllegalArgumentException);
  expect(() => asBytes(make())).toThrow(/ is detached, or shorter than the view\. Send them before you transfer it/);
});

test.each([null, undefined, 'text', 5, {}, [1, 2], new Blob(['x'])])('%p is not binary data', (value) => {
  expect(asBytes(value)).toBeUndefined();
});
