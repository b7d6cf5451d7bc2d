import { IllegalStateException } from '@serval/api';
import type { Sending } from './promises';

export type StreamKind = 'send stream' | 'send writer';

/** The states of Tomcat's remote endpoint, by its names. */
type State =
  | 'OPEN'
  | 'TEXT_FULL_WRITING'
  | 'TEXT_PARTIAL_WRITING'
  | 'TEXT_PARTIAL_READY'
  | 'BINARY_FULL_WRITING'
  | 'BINARY_PARTIAL_WRITING'
  | 'BINARY_PARTIAL_READY'
  | 'STREAM_WRITING'
  | 'WRITER_WRITING';

/** Ends what a send began: at once when it was accepted, else when it has settled. */
type Finish = (sending: Sending) => Sending;

const WORDS: { readonly [S in State]: string } = {
  OPEN: '',
  TEXT_FULL_WRITING: 'a text message is being written',
  BINARY_FULL_WRITING: 'a binary message is being written',
  TEXT_PARTIAL_WRITING: 'a part of a text message is being written',
  BINARY_PARTIAL_WRITING: 'a part of a binary message is being written',
  TEXT_PARTIAL_READY: 'a partial text message is unfinished; send its last part first',
  BINARY_PARTIAL_READY: 'a partial binary message is unfinished; send its last part first',
  STREAM_WRITING: 'a send stream is open; close it first',
  WRITER_WRITING: 'a send writer is open; close it first',
};

/**
 * Which calls may follow which. By default sends queue, so only an unfinished partial message, stream or writer excludes
 * others; strictly, as with `concurrentSends: 'reject'`, a message that is being written does so as well.
 */
export class SendState {
  #state: State = 'OPEN';
  /** The first half of a character that a text part was cut through. */
  #highSurrogate = '';

  constructor(private readonly strict: boolean) {}

  beginWhole(type: 'text' | 'binary'): Finish {
    this.#require('OPEN');
    return this.strict ? this.#writing(type === 'text' ? 'TEXT_FULL_WRITING' : 'BINARY_FULL_WRITING', 'OPEN') : asIs;
  }

  beginPart(type: 'text' | 'binary', last: boolean, as: StreamKind | 'part'): Finish {
    if (as !== 'part') {
      this.#require(as === 'send stream' ? 'STREAM_WRITING' : 'WRITER_WRITING');
      if (last) this.#state = 'OPEN';
      return asIs;
    }
    const ready: State = type === 'text' ? 'TEXT_PARTIAL_READY' : 'BINARY_PARTIAL_READY';
    this.#require('OPEN', ready);
    const after = last ? 'OPEN' : ready;
    if (this.strict) return this.#writing(type === 'text' ? 'TEXT_PARTIAL_WRITING' : 'BINARY_PARTIAL_WRITING', after);
    this.#state = after;
    return asIs;
  }

  reserve(as: StreamKind): void {
    this.#require('OPEN');
    this.#state = as === 'send stream' ? 'STREAM_WRITING' : 'WRITER_WRITING';
  }

  release(): void {
    this.#state = 'OPEN';
  }

  #writing(state: State, after: State): Finish {
    this.#state = state;
    const done = (): void => {
      this.#state = after;
    };
    return (sending) => {
      if (sending === undefined) done();
      else void sending.then(done, done);
      return sending;
    };
  }

  #require(permitted: State, orElse = permitted): void {
    if (this.#state === permitted || this.#state === orElse) return;
    throw new IllegalStateException(
      `The remote endpoint is in state ${this.#state}, in which this send is not possible: ${WORDS[this.#state]}.`,
    );
  }

  /** A part may end in the middle of a character; UTF-8 may not, so the half waits for the next part. */
  wholeCharacters(part: string, last: boolean): string {
    const text = this.#highSurrogate + part;
    this.#highSurrogate = '';
    if (last || !endsWithHighSurrogate(text)) return text;
    this.#highSurrogate = text.slice(-1);
    return text.slice(0, -1);
  }
}

const asIs: Finish = (sending) => sending;

function endsWithHighSurrogate(text: string): boolean {
  const code = text.charCodeAt(text.length - 1);
  return code >= 0xd800 && code <= 0xdbff;
}
