import { CloseReason, Endpoint, IllegalArgumentException, type Session } from '@serval/api';
import { converse, type Conversation, type ConversationOptions } from '@serval/testing';
import { Gate, passTime, stopClock, turn } from '../../testing/test/toolbox';

class Ends extends Endpoint {
  readonly ended: { code: number; phrase: string; at: number }[] = [];
  onOpen(): void {}
  override onClose(_session: Session, reason: CloseReason): void {
    this.ended.push({
      code: reason.getCloseCode().getCode(),
      phrase: reason.getReasonPhrase(),
      at: performance.now(),
    });
  }
}

const P = 'org.apache.tomcat.websocket.';

async function open(options: ConversationOptions = {}): Promise<Conversation & { began: number; ends: Ends }> {
  const conversation = converse(Ends, options);
  await conversation.opened;
  return { ...conversation, began: performance.now(), ends: conversation.endpoint as Ends };
}

/** Sends to the session, or lets it send, every few milliseconds, until it ends. */
function keepBusy(conversation: Conversation, how: 'reading' | 'writing'): () => void {
  const timer = setInterval(() => {
    if (how === 'reading') conversation.peer.pong(Uint8Array.of(1));
    else if (conversation.session.isOpen()) void conversation.session.getBasicRemote().sendPong();
  }, 10);
  return () => clearInterval(timer);
}

test.each([
  ['read idle', { readIdleTimeout: 100 }, 'writing'],
  ['write idle', { writeIdleTimeout: 100 }, 'reading'],
] as const)('the %s timeout ends a session that is only %s', async (cause, options, busy) => {
  const conversation = await open(options);
  const stop = keepBusy(conversation, busy);
  await conversation.context.registry.whenEmpty();
  stop();
  const [end] = conversation.ends.ended;
  expect(end).toMatchObject({ code: 1006, phrase: `The session’s ${cause} timeout has passed.` });
  expect(end!.at - conversation.began).toBeGreaterThanOrEqual(99);
  expect((await conversation.received.closed()).code).toBe(1001);
});

test.each(['reading', 'writing'] as const)('%s alone prevents the idle timeout', async (busy) => {
  stopClock();
  const conversation = await open({ maxSessionIdleTimeout: 60 });
  const stop = keepBusy(conversation, busy);
  for (let passed = 0; passed < 200; passed += 10) await passTime(10);
  expect(conversation.ends.ended).toEqual([]);
  stop();
  await passTime(100);
  await conversation.context.registry.whenEmpty();
  expect(conversation.ends.ended[0]?.phrase).toBe('The session’s idle timeout has passed.');
});

test('an idle session ends no earlier than its timeout, and one with a longer timeout ends later', async () => {
  const first = await open({ maxSessionIdleTimeout: 50 });
  const second = converse(Ends, { joining: first });
  await second.opened;
  second.session.setMaxIdleTimeout(150);
  await first.context.registry.whenEmpty();
  const times = [first, second].map(({ endpoint }) => (endpoint as Ends).ended[0]!.at - first.began);
  expect(times[0]).toBeGreaterThanOrEqual(49);
  expect(times[1]).toBeGreaterThanOrEqual(149);
});

test('Tomcat’s user properties set and unset timeouts of an open session, as numbers or numeric strings', async () => {
  stopClock();
  const conversation = await open({ readIdleTimeout: 20_000 });
  const properties = conversation.session.getUserProperties();
  properties.set(`${P}READ_IDLE_TIMEOUT_MS`, '40');
  properties.delete(`${P}READ_IDLE_TIMEOUT_MS`);
  await passTime(120);
  expect(conversation.ends.ended).toEqual([]);
  properties.set(`${P}READ_IDLE_TIMEOUT_MS`, 30n);
  await passTime(120);
  await conversation.context.registry.whenEmpty();
  expect(conversation.ends.ended[0]?.phrase).toContain('read idle');
});

test('setting a Tomcat user property out of range throws and keeps the old value', async () => {
  const conversation = await open();
  const properties = conversation.session.getUserProperties();
  properties.set(`${P}SESSION_CLOSE_TIMEOUT`, 100);
  for (const wrong of ['soon', 1.5, null, {}, -1, 2 ** 40]) {
    expect(() => properties.set(`${P}SESSION_CLOSE_TIMEOUT`, wrong)).toThrow(IllegalArgumentException);
  }
  expect(() => properties.set(`${P}SESSION_CLOSE_TIMEOUT`, 'soon')).toThrow(
    'user property org.apache.tomcat.websocket.SESSION_CLOSE_TIMEOUT is a whole number of milliseconds from 1 to 2147483647; found "soon".',
  );
  expect(properties.get(`${P}SESSION_CLOSE_TIMEOUT`)).toBe(100);
});

test('warns about a user property that resembles a setting, and names the nearest one', async () => {
  const warned: string[] = [];
  const logger = { error: () => undefined, warn: (message: string) => warned.push(message), debug: () => undefined };
  const conversation = await open({ logger });
  const properties = conversation.session.getUserProperties();
  properties.set(`${P}BLOCKING_SEND_TIMOUT`, 5);
  properties.set(`${P}textBufferSize`, 5);
  properties.set('serval.pingIntervall', 5);
  properties.set('my.own.property', 5);
  expect(warned).toEqual([
    `user property ${P}BLOCKING_SEND_TIMOUT is not a setting; did you mean ${P}BLOCKING_SEND_TIMEOUT?`,
    `user property ${P}textBufferSize is an init parameter, not a user property; it has no effect here.`,
    'user property serval.pingIntervall is not a setting; did you mean serval.pingInterval?',
  ]);
});

test('BLOCKING_SEND_TIMEOUT of the session overrides the container’s', async () => {
  const conversation = await open({ blockingSendTimeout: 60_000 });
  const { session, peer } = conversation;
  session.getUserProperties().set(`${P}BLOCKING_SEND_TIMEOUT`, 30);
  peer.pause();
  await session.getBasicRemote().sendBinary(new Uint8Array(60_000));
  await expect(session.getBasicRemote().sendBinary(new Uint8Array(60_000))).rejects.toThrow(/send timeout/);
  await conversation.context.registry.whenEmpty();
  expect(conversation.ends.ended[0]?.code).toBe(1006);
});

test('SESSION_CLOSE_TIMEOUT of the session limits the wait for the peer’s close frame', async () => {
  const conversation = await open();
  conversation.session.getUserProperties().set(`${P}SESSION_CLOSE_TIMEOUT`, 50);
  conversation.peer.pause();
  const began = performance.now();
  await conversation.session.close();
  await conversation.context.registry.whenEmpty();
  expect(performance.now() - began).toBeGreaterThanOrEqual(49);
});

test('abnormalCloseSendTimeout limits the time to write the close frame of a failed session', async () => {
  const conversation = await open({ maxSessionIdleTimeout: 40, abnormalCloseSendTimeout: 60 });
  conversation.peer.pause();
  void conversation.session.getBasicRemote().sendBinary(new Uint8Array(10));
  await conversation.context.registry.whenEmpty();
  const [end] = conversation.ends.ended;
  expect(performance.now() - end!.at).toBeGreaterThanOrEqual(55);
});

test('closeWhenIdle waits for the running handler and for messages that have arrived', async () => {
  const lines: string[] = [];
  const work = new Gate();
  class Works extends Ends {
    override onOpen(session?: Session): void {
      session?.addMessageHandler(async (text: string) => {
        lines.push(`begin ${text}`);
        await work.promise;
        await session.getBasicRemote().sendText(`done ${text}`);
      });
    }
    override onClose(_session: Session, reason: CloseReason): void {
      lines.push(`close ${reason.getCloseCode().getCode()}`);
    }
  }
  const conversation = converse(Works);
  conversation.peer.sendText('1', true);
  conversation.peer.sendText('2', true);
  while (lines.length === 0) await new Promise((resolve) => setImmediate(resolve));
  conversation.session.closeWhenIdle(new CloseReason(1001));
  await turn();
  expect(conversation.session.isOpen()).toBe(true);
  work.open();
  await conversation.context.registry.whenEmpty();
  expect(lines).toEqual(['begin 1', 'begin 2', 'close 1001']);
  expect(await conversation.received.texts(2)).toEqual(['done 1', 'done 2']);
});

test('an ended session leaves no timer, and leaves the registry', async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const before = timers();
  const conversations = await Promise.all(
    Array.from({ length: 50 }, () => open({ maxSessionIdleTimeout: 60_000, readIdleTimeout: 60_000 })),
  );
  for (const [index, { peer, session }] of conversations.entries()) {
    if (index % 2 === 0) peer.terminate();
    else void session.close();
  }
  await Promise.all(conversations.map(({ context }) => context.registry.whenEmpty()));
  expect(timers()).toBeLessThanOrEqual(before);
  expect(conversations.map(({ context }) => context.registry.size)).toEqual(conversations.map(() => 0));
});

describe('after the event loop was blocked', () => {
  /** Holds up everything: nothing is read and no timer fires meanwhile. */
  function block(milliseconds: number): void {
    const end = performance.now() + milliseconds;
    while (performance.now() < end);
  }

  /** In a phase of the event loop behind which timers come before anything is read. */
  const atTheEndOfATurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn += 1) await atTheEndOfATurn();
  };

  test.each(['maxSessionIdleTimeout', 'readIdleTimeout', 'writeIdleTimeout'] as const)(
    '%s does not count the time in which the session could not read',
    async (timeout) => {
      const conversation = await open({ [timeout]: 150 });
      await atTheEndOfATurn();
      conversation.peer.pong(Uint8Array.of(1));
      block(400);
      await turns();
      expect(conversation.ends.ended).toEqual([]);
      if (timeout === 'writeIdleTimeout') await conversation.session.getBasicRemote().sendText('late');
      await turns();
      await conversation.context.registry.whenEmpty();
      expect(conversation.ends.ended[0]?.code).toBe(1006);
    },
  );

  test('a send timeout does not fail a message that the peer has received', async () => {
    const conversation = await open();
    const { peer, session } = conversation;
    const remote = session.getAsyncRemote();
    peer.pause();
    await remote.sendText('#'.repeat(60_000));
    await atTheEndOfATurn();
    remote.setSendTimeout(100);
    const sending = remote.sendText('*'.repeat(60_000));
    peer.resume();
    block(300);
    await expect(sending).resolves.toBeUndefined();
    expect(conversation.ends.ended).toEqual([]);
  });

  test('maxQueueTime does not drop a message that the peer is about to receive', async () => {
    const conversation = await open({ maxQueueTime: 100, queueOverflow: 'drop-oldest', blockingSendTimeout: -1 });
    const { peer, session } = conversation;
    const remote = session.getBasicRemote();
    peer.pause();
    await remote.sendText('#'.repeat(60_000));
    await atTheEndOfATurn();
    void remote.sendText('*'.repeat(60_000));
    const sending = remote.sendText('waits');
    peer.resume();
    block(300);
    await expect(sending).resolves.toBeUndefined();
  });

  test('abnormalCloseSendTimeout gives the close frame its full time', async () => {
    const conversation = await open({ abnormalCloseSendTimeout: 50 });
    const { peer, session } = conversation;
    peer.pause();
    await session.getBasicRemote().sendText('#'.repeat(60_000));
    await atTheEndOfATurn();
    session.life.abandon('pongTimeout', 'ends');
    peer.resume();
    block(300);
    expect(await conversation.received.closed()).toEqual({ code: 1001, reason: 'ends' });
  });
});

test.each([2 ** 31 - 1, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER])(
  'a send timeout of %d ms causes no warning',
  async (milliseconds) => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    const conversation = await open();
    const { peer, session } = conversation;
    const remote = session.getAsyncRemote();
    remote.setSendTimeout(milliseconds);
    session.setMaxIdleTimeout(milliseconds);
    peer.pause();
    await remote.sendText('#'.repeat(60_000));
    const sending = remote.sendText('*'.repeat(60_000));
    await turn();
    peer.resume();
    await sending;
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  },
);

test.each([2 ** 31 - 1, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER])(
  'a send timeout of %d ms does not fire early',
  async (milliseconds) => {
    // This clock, too, fires after 1 ms for a delay of more than 31 bits.
    stopClock();
    const conversation = await open();
    const { peer, session } = conversation;
    const remote = session.getAsyncRemote();
    remote.setSendTimeout(milliseconds);
    session.setMaxIdleTimeout(milliseconds);
    peer.pause();
    await remote.sendText('#'.repeat(60_000));
    const sending = remote.sendText('*'.repeat(60_000));
    await passTime(60_000);
    expect(conversation.ends.ended).toEqual([]);
    peer.resume();
    await sending;
  },
);
