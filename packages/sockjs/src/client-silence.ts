import { Deadline } from '@serval/api/spi';

/** How often the watch looks within its time. It costs a message no timer. */
const LOOKS = 2;

/** Notices that a server sends nothing for a time: a connection may be lost without a trace. */
export class SilenceWatch {
  #isHeard = false;
  #silentLooks = 0;
  #next: Deadline | undefined;

  /**
   * @param timeoutMs the shortest silence to notice, the longest is half as long again; Infinity for none
   * @param onSilence called again after each further silence
   */
  constructor(
    private readonly timeoutMs: number,
    private readonly onSilence: () => void,
  ) {
    this.#wait();
  }

  /** The server gave a sign of life, or could not. */
  heard(): void {
    this.#isHeard = true;
  }

  clear(): void {
    this.#next?.clear();
  }

  #wait(): void {
    this.#next = new Deadline(this.timeoutMs / LOOKS, () => this.#look());
  }

  #look(): void {
    this.#silentLooks = this.#isHeard ? 0 : this.#silentLooks + 1;
    this.#isHeard = false;
    this.#wait();
    if (this.#silentLooks < LOOKS) return;
    this.#silentLooks = 0;
    this.onSilence();
  }
}
