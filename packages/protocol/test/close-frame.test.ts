import { formatCloseFrame, parseCloseFrame } from '../src/close-frame';

test('RFC 6455 7.4: accepts the codes that a close frame may carry', () => {
  const sendable: number[] = [];
  for (let code = 0; code < 65_536; code += 1) {
    try {
      sendable.push(parseCloseFrame(Buffer.from([code >> 8, code & 0xff])).code);
    } catch {
      // It may not be sent.
    }
  }
  const registered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
  expect(sendable).toEqual([...registered, ...Array.from({ length: 2000 }, (_, index) => 3000 + index)]);
});

test('RFC 6455 5.5.1: reports an empty close frame as 1005', () => {
  expect(parseCloseFrame(Buffer.alloc(0))).toEqual({ code: 1005, reason: '' });
});

test('RFC 6455 5.5.1: reads the code and the reason', () => {
  expect(parseCloseFrame(Buffer.from([0x03, 0xe8]))).toEqual({ code: 1000, reason: '' });
  expect(parseCloseFrame(Buffer.from([0x0f, 0xa1, 0xe2, 0x9c, 0x93]))).toEqual({ code: 4001, reason: '✓' });
});

test.each([
  [1002, [0x03]],
  [1002, [0x03, 0xed]],
  [1002, [0x00, 0x00]],
  // The code is judged before the reason.
  [1002, [0x03, 0xed, 0xff]],
  [1007, [0x03, 0xe8, 0xff]],
  [1007, [0x03, 0xe8, 0xe2, 0x9c]],
])('RFC 6455 7.4: answers with %i to the payload %j', (closeCode, payload) => {
  expect(() => parseCloseFrame(Buffer.from(payload))).toThrow(expect.objectContaining({ closeCode }) as Error);
});

test('RFC 6455 5.5.1: writes what it reads', () => {
  expect(formatCloseFrame(undefined, '')).toEqual(Buffer.alloc(0));
  expect(formatCloseFrame(1000, '')).toEqual(Buffer.from([0x03, 0xe8]));
  expect(formatCloseFrame(4999, 'ä✓')).toEqual(Buffer.from([0x13, 0x87, 0xc3, 0xa4, 0xe2, 0x9c, 0x93]));
  expect(parseCloseFrame(formatCloseFrame(3000, 'r'.repeat(123)))).toEqual({ code: 3000, reason: 'r'.repeat(123) });
});
