// Jest finds a global slowly, and this one is needed millions of times.
const { imul } = Math;

/** Random numbers that a seed repeats (mulberry32). */
export class Random {
  #state: number;

  constructor(readonly seed: number) {
    this.#state = seed >>> 0;
  }

  /** The seed of the environment variable TEST_SEED, or a new one if that is `random`. Default 1: `npm test` repeats itself. */
  static seed(): number {
    const given = process.env['TEST_SEED'] ?? '1';
    return given === 'random' ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  }

  /** From 0 up to, not including, `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (((mixed ^ (mixed >>> 14)) >>> 0) % 2 ** 32) % end;
  }

  /** True in `percent` of a hundred cases. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let index = 0; index < length; index += 1) bytes[index] = this.below(256);
    return bytes;
  }

  /** Well-formed text of about so many bytes, with characters of one to four bytes. */
  text(length: number): string {
    let text = '';
    while (text.length < length) text += this.pick(['a', 'b', ' ', 'é', '✓', '𝄞', '\u0000', '\uffff']);
    return text;
  }

  /** Cuts bytes into pieces, none of them empty. */
  cut(bytes: Buffer, largest: number): Buffer[] {
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + 1 + this.below(largest));
      pieces.push(bytes.subarray(at, end));
      at = end;
    }
    return pieces;
  }
}
