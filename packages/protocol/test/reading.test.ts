import { clientFrame, RecordingListener } from '@serval/testing';
import { allocateMaskable } from '../src/mask';
import { Reading, type ReadingHost } from '../src/reading';

/** The messages of one read: each counts as two, one for the frame and one for its KiB. */
function messages(bytes: number): Buffer {
  const frame = clientFrame(0x81, 'x'.repeat(1024));
  return Buffer.concat(Array.from({ length: Math.ceil(bytes / frame.length) }, () => frame)).subarray(0, bytes);
}

/** Hands a reading the same number of bytes again and again in one turn. @returns the reads until it pauses the socket */
function readsUntilPaused(bytes: number, isEncrypted: boolean): number {
  let isPaused = false;
  const nothing = (): void => undefined;
  const host: ReadingHost = {
    isClient: false,
    deflate: undefined,
    listener: new RecordingListener(),
    isGone: false,
    pauseSocket: () => void (isPaused = true),
    resumeSocket: nothing,
    onReadStart: nothing,
    onReadEnd: nothing,
    onTurnEnd: nothing,
    onPing: nothing,
    onPong: nothing,
    onCloseFrame: nothing,
    onCloseAhead: nothing,
    onViolation: ({ message }) => {
      throw new Error(message);
    },
  };
  const reading = new Reading(host, 100, isEncrypted);
  reading.resume();
  const { buffer, mask } = allocateMaskable(1);
  const stream = messages(bytes * 100);
  for (let reads = 1; reads <= 100; reads += 1) {
    stream.copy(buffer, 0, (reads - 1) * bytes, reads * bytes);
    reading.receiveShared(buffer, bytes, mask);
    if (isPaused) {
      reading.end();
      return reads;
    }
  }
  reading.end();
  return Infinity;
}

describe('the work of one turn', () => {
  // TLS decrypts what one read of the socket brought in pieces of at most 16 KiB.
  test('counts over all pieces that TLS decrypts in it', () => {
    expect(readsUntilPaused(16_384, true)).toBeGreaterThan(6);
    expect(readsUntilPaused(16_384, true)).toBeLessThan(12);
  });

  test('counts over all reads that fill the buffer', () => {
    expect(readsUntilPaused(65_536, false)).toBeLessThan(4);
  });

  test('starts at zero behind a read that does not fill the buffer, because libuv then reads no more in the turn', () => {
    expect(readsUntilPaused(16_384, false)).toBe(Infinity);
  });
});
