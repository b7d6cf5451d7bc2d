import { Duplex } from 'node:stream';
import { clientFrame, RecordingListener } from '@serval/testing';
import * as closing from '../src/closing';
import { Connection } from '../src/connection';
import { nextReadingPhase, type ReadingEvent, type ReadingPhase } from '../src/reading';

/** A socket without a network. Its 'close' waits for `release`, as that of a real socket waits for the event loop. */
class MemorySocket extends Duplex {
  readonly written: Buffer[] = [];
  #isReleased = false;
  #closed: (() => void) | undefined;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(chunk);
    done();
  }

  override _destroy(_error: Error | null, done: (error?: Error | null) => void): void {
    this.#closed = () => done();
    if (this.#isReleased) this.#closed();
  }

  release(): void {
    this.#isReleased = true;
    this.#closed?.();
  }
}

/** Answers a close frame only when the test does. */
class Listener extends RecordingListener {
  readonly closing: number[] = [];
  onClosing(code: number): void {
    this.closing.push(code);
  }
}

/** The steps of a connection, from both sides. */
interface Stage {
  readonly transport: Connection;
  readonly socket: MemorySocket;
  readonly listener: Listener;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const CLOSE_4001 = clientFrame(0x88, [0x0f, 0xa1]);

const close = ({ transport }: Stage): void => transport.close(4000, '');
const peerCloses = ({ socket }: Stage): boolean => socket.push(CLOSE_4001);
const peerEnds = ({ socket }: Stage): boolean => socket.push(null);
const pause = ({ transport }: Stage): void => transport.pause();
const resume = ({ transport }: Stage): void => transport.resume();
const terminate = ({ transport }: Stage): void => transport.terminate();
const release = ({ socket }: Stage): void => socket.release();
/** The peer resets the connection. */
const reset = ({ socket }: Stage): void => {
  socket.release();
  socket.destroy();
};
/** Two steps without a turn of the event loop between them. */
const atOnce =
  (...steps: ((stage: Stage) => unknown)[]) =>
  (stage: Stage): void =>
    steps.forEach((step) => step(stage));

/** The transitions that the connection of a test has taken: handshake and stream before, the event, and both after. */
const taken = new Set<string>();

async function play(steps: readonly ((stage: Stage) => unknown)[]): Promise<Stage & { readonly path: string[] }> {
  const path: string[] = [];
  let phases: [closing.HandshakePhase, closing.StreamPhase] = ['open', 'open'];
  const take = (event: string, next: typeof phases): void => {
    if (next.join() === phases.join()) return;
    const transition = `${phases.join(' ')} -${event}-> ${next.join(' ')}`;
    phases = next;
    path.push(transition);
    taken.add(transition);
  };
  const { nextHandshakePhase, nextStreamPhase } = closing;
  const handshakes = jest.spyOn(closing, 'nextHandshakePhase').mockImplementation((phase, event) => {
    const next = nextHandshakePhase(phase, event);
    take(event, [next, phases[1]]);
    return next;
  });
  const streams = jest.spyOn(closing, 'nextStreamPhase').mockImplementation((phase, event) => {
    const next = nextStreamPhase(phase, event);
    take(event, [phases[0], next]);
    return next;
  });
  const socket = new MemorySocket();
  const transport = new Connection({
    role: 'server',
    socket,
    head: Buffer.alloc(0),
    isSecure: false,
    remoteAddress: undefined,
    deflate: undefined,
    maxFragments: 10,
    sharesReads: false,
    closeTimeoutMs: 60_000,
  });
  const stage = { transport, socket, listener: new Listener() };
  transport.open(stage.listener);
  transport.resume();
  for (const step of steps) {
    step(stage);
    await turn();
    await turn();
  }
  handshakes.mockRestore();
  streams.mockRestore();
  socket.release();
  socket.destroy();
  return { ...stage, path };
}

/** Steps, the phases that they reach, the code of `onClose`, and the first bytes of the close frame on the wire. */
const STORIES: readonly [
  title: string,
  steps: readonly ((stage: Stage) => unknown)[],
  reached: string,
  code: number,
  sent: string,
][] = [
  // The conversation begins to close.
  ['this side closes first', [close, peerCloses, peerEnds, release], 'complete closed', 4001, '88020fa0'],
  ['the peer closes first', [peerCloses, close, peerEnds, release], 'complete closed', 4001, '88020fa0'],
  [
    'the peer closes and ends, and gets an answer',
    [peerCloses, peerEnds, close, release],
    'complete closed',
    4001,
    '88020fa0',
  ],
  ['this side closes, the peer ends', [close, peerEnds, release], 'sent closed', 1006, '88020fa0'],
  ['the peer ends without a close frame', [peerEnds, release], 'open closed', 1006, ''],
  // The peer's close frame waits for a listener that pauses.
  [
    'held back, and the peer ends',
    [pause, peerCloses, peerEnds, resume, close, release],
    'complete closed',
    4001,
    '88020fa0',
  ],
  [
    'held back, the peer ends, this side closes',
    [pause, peerCloses, peerEnds, close, release],
    'complete closed',
    4001,
    '88020fa0',
  ],
  ['held back, and the connection is reset', [pause, peerCloses, reset, resume], 'received closed', 4001, ''],
  [
    'held back, this side closes, reset at once',
    [pause, peerCloses, atOnce(close, reset)],
    'complete closed',
    4001,
    '88020fa0',
  ],
  ['the peer ends, this side closes', [pause, peerText, peerEnds, close, release], 'sent closed', 1006, '88020fa0'],
  // The connection is reset.
  ['reset while open', [reset], 'open closed', 1006, ''],
  ['reset behind our close frame', [close, reset], 'sent closed', 1006, '88020fa0'],
  ['reset behind the close frame of the peer', [peerCloses, reset], 'received closed', 4001, ''],
  ['reset behind both', [close, peerCloses, reset], 'complete closed', 4001, '88020fa0'],
  ['reset behind the close frame and the end of the peer', [peerCloses, peerEnds, reset], 'received closed', 4001, ''],
  // This side drops the connection.
  ['terminated while open', [terminate, release], 'open closed', 1006, ''],
  ['terminated behind our close frame', [close, terminate, release], 'sent closed', 1006, '88020fa0'],
  ['terminated behind the close frame of the peer', [peerCloses, terminate, release], 'received closed', 4001, ''],
  ['terminated behind both', [close, peerCloses, terminate, release], 'complete closed', 4001, '88020fa0'],
  ['terminated behind the end', [peerEnds, terminate, release], 'open closed', 1006, ''],
  [
    'terminated after our close frame and the end',
    [close, peerEnds, terminate, release],
    'sent closed',
    1006,
    '88020fa0',
  ],
  [
    'terminated after the close frame and the end of the peer',
    [peerCloses, peerEnds, terminate, release],
    'received closed',
    4001,
    '',
  ],
  [
    'terminated after everything',
    [close, peerCloses, peerEnds, terminate, release],
    'complete closed',
    4001,
    '88020fa0',
  ],
  [
    'terminated while bytes of a closed connection are held back',
    [pause, peerText, reset, terminate],
    'open closed',
    1006,
    '',
  ],
];

function peerText({ socket }: Stage): void {
  socket.push(clientFrame(0x81, 'held back'));
}

describe('a connection ends once, with one code, through these phases', () => {
  test.each(STORIES)('%s', async (_title, steps, reached, code, sent) => {
    const { path, socket, listener } = await play(steps);
    expect(path.at(-1)?.split('-> ')[1]).toBe(reached);
    expect(Buffer.concat(socket.written).toString('hex')).toBe(sent);
    expect(listener.events.filter(({ kind }) => kind === 'close')).toEqual([{ kind: 'close', code, reason: '' }]);
  });

  test('the cases above take every reachable transition', async () => {
    for (const [, steps] of STORIES) await play(steps);
    const handshakes = ['open', 'sent', 'received', 'complete'] as const;
    const streams = ['open', 'ended', 'dropped', 'closed'] as const;
    const expected: string[] = [];
    for (const handshake of handshakes) {
      for (const stream of streams) {
        for (const event of ['send', 'receive'] as const) {
          const next = closing.nextHandshakePhase(handshake, event);
          // A dropped connection receives nothing, and nothing is sent on one that is gone.
          const isGone = stream === 'dropped' || (stream === 'closed' && event === 'send');
          if (next !== handshake && !isGone) expected.push(`${handshake} ${stream} -${event}-> ${next} ${stream}`);
        }
        for (const event of ['end', 'drop', 'close'] as const) {
          const next = closing.nextStreamPhase(stream, event);
          if (next !== stream) expected.push(`${handshake} ${stream} -${event}-> ${handshake} ${next}`);
        }
      }
    }
    expect([...taken].sort()).toEqual(expected.sort());
  });
});

describe('the phases of reading', () => {
  test.each<[ReadingPhase, Partial<Record<ReadingEvent, ReadingPhase>>]>([
    ['paused', { resume: 'flowing', end: 'over' }],
    ['flowing', { pause: 'paused', 'fall behind': 'catching up', end: 'over' }],
    ['catching up', { pause: 'paused', turn: 'flowing', end: 'over' }],
    ['over', {}],
  ])('behind %s', (phase, next) => {
    for (const event of ['pause', 'resume', 'fall behind', 'turn', 'end'] as const)
      expect([event, nextReadingPhase(phase, event)]).toEqual([event, next[event] ?? phase]);
  });
});
