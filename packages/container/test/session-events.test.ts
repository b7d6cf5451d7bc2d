import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { CloseReason, OnMessage, OnOpen } from '@serval/api';
import { converse } from '@serval/testing';
import { afterTest, Journal, silent } from '../../testing/test/toolbox';
import type { DiagnosticEvent, SessionClosed, SessionOpened } from '../src/diagnostic-event';
import { DIAGNOSTICS_CHANNEL } from '../src/diagnostics';

class Echo {
  @OnMessage text(text: string): string {
    return text;
  }
  @OnMessage binary(data: Buffer): Buffer {
    return data;
  }
}

class Recorder {
  readonly events: DiagnosticEvent[] = [];
  readonly kinds = new Journal();
  readonly #record = (message: unknown): void => {
    const event = message as DiagnosticEvent;
    this.events.push(event);
    this.kinds.add(event.kind);
  };

  constructor() {
    this.subscribe();
    afterTest(() => this.unsubscribe());
  }

  subscribe(): void {
    subscribe(DIAGNOSTICS_CHANNEL, this.#record);
  }

  unsubscribe(): void {
    unsubscribe(DIAGNOSTICS_CHANNEL, this.#record);
  }

  get opened(): SessionOpened | undefined {
    return this.events.find((event) => event.kind === 'session-opened');
  }

  get closed(): SessionClosed | undefined {
    return this.events.find((event) => event.kind === 'session-closed');
  }
}

test('a session is an event at its begin and at its end, with its messages and bytes', async () => {
  const recorder = new Recorder();
  const { session, peer, received, opened } = converse(Echo, { logger: silent });
  await opened;
  expect(recorder.opened).toMatchObject({
    endpoint: 'Echo',
    template: '/',
    side: 'server',
    sessionId: session.getId(),
    session,
  });
  peer.sendText('grüß', true);
  peer.sendText('Gott', true);
  peer.sendBinary(Buffer.from([1, 2, 3]), true);
  await received.until(3);
  const { traffic } = recorder.opened ?? {};
  expect(traffic).toMatchObject({ receivedMessages: 3, receivedBytes: 13, sentMessages: 3, sentBytes: 13 });
  peer.close(4001, 'bye');
  await recorder.kinds.until('session-closed');
  expect(recorder.closed).toMatchObject({ code: 4001, reason: 'bye', isClosedHere: false, traffic });
  expect(recorder.closed?.durationMs).toBeGreaterThan(0);
});

test('a session that this side closes says so', async () => {
  const recorder = new Recorder();
  const { session, opened } = converse(Echo, { logger: silent });
  await opened;
  await session.close(new CloseReason(4002, 'enough'));
  await recorder.kinds.until('session-closed');
  expect(recorder.closed).toMatchObject({ code: 4002, reason: 'enough', isClosedHere: true });
});

test('a session whose @OnOpen fails is opened and closed', async () => {
  class Failing {
    @OnOpen open(): void {
      throw new Error('no');
    }
  }
  const recorder = new Recorder();
  converse(Failing, { logger: silent });
  await recorder.kinds.until('session-closed');
  expect(recorder.kinds.entries.filter((kind) => kind.startsWith('session-'))).toEqual([
    'session-opened',
    'session-closed',
  ]);
  expect(recorder.closed?.code).toBe(1011);
});

test('a connection that is lost ends its session with 1006', async () => {
  const recorder = new Recorder();
  const { peer, opened } = converse(Echo, { logger: silent });
  await opened;
  peer.terminate();
  await recorder.kinds.until('session-closed');
  expect(recorder.closed).toMatchObject({ code: 1006, isClosedHere: false });
});

test('a session counts nothing if nobody had subscribed when it began', async () => {
  const { session, opened } = converse(Echo, { logger: silent });
  await opened;
  expect(session.traffic).toBeUndefined();
  const recorder = new Recorder();
  await session.close();
  await recorder.kinds.until('session-closed');
  expect(recorder.closed).toMatchObject({ traffic: undefined, durationMs: undefined, code: 1000 });
});

test('the traffic knows what waits for the peer', async () => {
  const recorder = new Recorder();
  const { session, peer, opened } = converse(Echo, { logger: silent });
  await opened;
  peer.pause();
  for (let count = 0; count < 3; count += 1) void session.getAsyncRemote().sendBinary(Buffer.alloc(60_000));
  // The first is with the transport, and so is the second; one is enough to learn when there is room.
  const { traffic } = recorder.opened ?? {};
  expect(traffic).toMatchObject({ queuedMessages: 2, queuedBytes: 180_000 });
  peer.resume();
});

test.each([
  ['close', 'session-closed'],
  ['reject', 'limit-hit'],
  ['drop-newest', 'send-dropped'],
] as const)('with queueOverflow %s a full queue is an event', async (queueOverflow, kind) => {
  const recorder = new Recorder();
  const { session, peer, opened } = converse(Echo, { logger: silent, queueOverflow, maxQueuedBytes: 70_000 });
  await opened;
  peer.pause();
  for (let count = 0; count < 4; count += 1) void session.getAsyncRemote().sendBinary(Buffer.alloc(60_000));
  await recorder.kinds.until(kind);
  const limits = recorder.events.flatMap((event) => (event.kind === 'limit-hit' ? [event.limit] : []));
  expect(new Set(limits)).toEqual(new Set(queueOverflow === 'drop-newest' ? [] : ['queueOverflow']));
  peer.terminate();
});
