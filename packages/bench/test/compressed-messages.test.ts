import { constants, deflateRawSync } from 'node:zlib';
import { answersAreRight, formatCompressed, jsonMessages } from '../src/compressed-messages';

const MESSAGES = jsonMessages(1024);

describe('messages for permessage-deflate', () => {
  it('are JSON of the requested size, all different, and the same in every run', () => {
    for (const message of MESSAGES) {
      expect(Buffer.byteLength(message)).toBe(1024);
      expect(() => JSON.parse(message)).not.toThrow();
    }
    expect(new Set(MESSAGES).size).toBe(MESSAGES.length);
    expect(jsonMessages(1024)).toEqual(MESSAGES);
  });

  it('together exceed the window of a compressor', () => {
    expect(MESSAGES.length * 1024).toBeGreaterThan(32_768);
  });

  it('are recognised when a server compresses each one separately', () => {
    expect(answersAreRight(formatCompressed(MESSAGES), MESSAGES)).toBe(true);
    expect(answersAreRight(formatCompressed([...MESSAGES, ...MESSAGES.slice(0, 3)]), MESSAGES)).toBe(true);
  });

  it('are recognised when a server keeps its compression context', () => {
    // The second one is what a compressor makes that has seen the first.
    const [first = '', second = ''] = MESSAGES;
    const alone = deflate(first);
    const behind = deflateRawSync(second, { finishFlush: constants.Z_SYNC_FLUSH, dictionary: Buffer.from(first) });
    const answers = Buffer.concat([framed(alone), framed(behind.subarray(0, -4))]);
    expect(behind.length).toBeLessThan(deflate(second).length);
    expect(answersAreRight(answers, MESSAGES)).toBe(true);
  });

  it('are not recognised when they are changed, out of order or missing', () => {
    const [first = '', second = ''] = MESSAGES;
    expect(answersAreRight(formatCompressed([first, `${second.slice(0, -1)} `]), MESSAGES)).toBe(false);
    expect(answersAreRight(formatCompressed([second, first]), MESSAGES)).toBe(false);
    expect(answersAreRight(Buffer.alloc(0), MESSAGES)).toBe(false);
  });
});

function deflate(message: string): Buffer {
  return deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

function framed(compressed: Buffer): Buffer {
  return Buffer.concat([Buffer.from(Uint32Array.of(compressed.length).buffer), compressed]);
}
