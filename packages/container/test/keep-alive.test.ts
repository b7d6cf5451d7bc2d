import {
  CloseReason,
  Endpoint,
  IllegalArgumentException,
  OnClose,
  OnMessage,
  PongMessage,
  type EndpointClass,
  type Session,
} from '@serval/api';
import { converse, type Conversation, type ConversationOptions } from '@serval/testing';

/** The step of the clock. */
const TICK = 20;
const DEAD = 'The peer has not answered a ping within the pong timeout.';

class Quiet extends Endpoint {
  readonly ended: string[] = [];
  onOpen(): void | Promise<void> {}
  override onClose(_session: Session, reason: CloseReason): void {
    this.ended.push(`${reason.getCloseCode().getCode()} ${reason.getReasonPhrase()}`);
  }
}

class Listener {
  readonly ended: string[] = [];
  @OnMessage text(_text: string): void {}
  @OnMessage part(_data: Buffer, _last: boolean): void {}
  @OnClose close(reason: CloseReason): void {
    this.ended.push(`${reason.getCloseCode().getCode()} ${reason.getReasonPhrase()}`);
  }
}

/** Keeps its session busy for as long as a test says, and hears pongs. */
class Busy {
  readonly ended: string[] = [];
  readonly pongs: string[] = [];
  finish: () => void = () => undefined;
  @OnMessage text(_text: string): Promise<void> {
    return new Promise((resolve) => (this.finish = resolve));
  }
  @OnMessage pong(pong: PongMessage): void {
    this.pongs.push(pong.getApplicationData().toString('hex'));
  }
  @OnClose close(reason: CloseReason): void {
    this.ended.push(`${reason.getCloseCode().getCode()} ${reason.getReasonPhrase()}`);
  }
}

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
});
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

async function open<T extends Quiet | Listener | Busy>(
  endpointClass: EndpointClass<T>,
  options: ConversationOptions = {},
): Promise<Conversation & { ended: string[]; instance: T }> {
  const conversation = converse(endpointClass, { pingInterval: 200, pongTimeout: 100, ...options });
  await conversation.opened;
  const instance = conversation.endpoint as T;
  return { ...conversation, instance, ended: instance.ended };
}

/** Lets everything arrive that is under way. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 6; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets time pass in the steps of the clock, and what is sent arrive after each. */
async function pass(milliseconds: number): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += TICK) {
    jest.advanceTimersByTime(TICK);
    await turns();
  }
}

/** A peer that reads, and answers no ping. */
function silence({ peer }: Conversation): void {
  jest.spyOn(peer, 'pong').mockImplementation(() => undefined);
}

test('pings a silent peer once per interval, and keeps the session of one that answers', async () => {
  const { received, session, ended } = await open(Quiet);
  await pass(180);
  expect(received.pings).toBe(0);
  await pass(40);
  expect(received.pings).toBe(1);
  await pass(2000);
  expect(received.pings).toBeGreaterThanOrEqual(9);
  expect(received.pings).toBeLessThanOrEqual(11);
  expect({ open: session.isOpen(), ended }).toEqual({ open: true, ended: [] });
});

test('ends the connection, with 1006 for @OnClose, if the peer does not answer within the pong timeout', async () => {
  const conversation = await open(Quiet);
  silence(conversation);
  await pass(280);
  expect(conversation.ended).toEqual([]);
  await pass(80);
  expect(conversation.ended).toEqual([`1006 ${DEAD}`]);
  expect(conversation.received.pings).toBe(1);
  expect(await conversation.received.closed()).toEqual({ code: 1001, reason: DEAD });
  expect(conversation.context.registry.size).toBe(0);
});

test('ends the connection of a dead peer soon, without its close frame', async () => {
  const conversation = await open(Quiet, { sessionCloseTimeout: 60_000 });
  silence(conversation);
  jest.spyOn(conversation.peer, 'close').mockImplementation(() => undefined);
  await pass(360);
  conversation.peer.pause();
  await pass(100);
  expect(conversation.context.registry.size).toBe(0);
});

const SIGNS: readonly [sign: string, give: (conversation: Conversation) => void][] = [
  ['a message', ({ peer }) => peer.sendText('here', true)],
  ['a part of one', ({ peer }) => peer.sendBinary(Uint8Array.of(1), false)],
  ['a ping', ({ peer }) => peer.ping(Uint8Array.of(1))],
  ['a pong that nobody asked for', ({ peer }) => peer.pong(Uint8Array.of(9))],
];

test.each(SIGNS)('%s postpones the ping while the session also writes', async (_sign, give) => {
  const conversation = await open(Listener);
  for (let time = 0; time < 10; time += 1) {
    await pass(120);
    give(conversation);
    void conversation.session.getBasicRemote().sendText('there');
    await turns();
  }
  expect(conversation.received.pings).toBe(0);
  await pass(240);
  expect(conversation.received.pings).toBe(1);
});

test('pings a peer that sends while nothing is written, because proxies watch each direction', async () => {
  const conversation = await open(Listener);
  for (let time = 0; time < 10; time += 1) {
    await pass(100);
    conversation.peer.sendText('here', true);
    await turns();
  }
  expect(conversation.received.pings).toBeGreaterThanOrEqual(4);
  expect(conversation.received.pings).toBeLessThanOrEqual(5);
  expect(conversation.ended).toEqual([]);
});

test('pings a silent peer while the session writes', async () => {
  const conversation = await open(Listener);
  for (let time = 0; time < 10; time += 1) {
    await pass(100);
    void conversation.session.getBasicRemote().sendText('there');
    await turns();
  }
  expect(conversation.received.pings).toBeGreaterThanOrEqual(4);
  expect(conversation.received.pings).toBeLessThanOrEqual(5);
});

test('any data after the ping keeps the session of a peer that answers no pings', async () => {
  const conversation = await open(Listener);
  silence(conversation);
  for (let time = 0; time < 10; time += 1) {
    await pass(260);
    conversation.peer.sendText('here', true);
    await turns();
  }
  expect(conversation.received.pings).toBeGreaterThanOrEqual(9);
  expect(conversation.ended).toEqual([]);
});

test('the parts of a slow message keep it too', async () => {
  const conversation = await open(Listener);
  const { peer, ended } = conversation;
  silence(conversation);
  await pass(200);
  for (let part = 0; part < 15; part += 1) {
    await pass(80);
    peer.sendText('part', false);
  }
  expect(ended).toEqual([]);
  await pass(240);
  expect(ended).toEqual([`1006 ${DEAD}`]);
});

test('a pong handler receives only the pongs of the application’s pings', async () => {
  const { session, instance, received } = await open(Busy);
  await pass(1000);
  await session.getBasicRemote().sendPing(Uint8Array.of(0xab));
  await pass(20);
  expect(received.pings).toBeGreaterThan(3);
  expect(instance.pongs).toEqual(['ab']);
});

test.each([
  [{ maxSessionIdleTimeout: 1000 }, 'The session’s idle timeout has passed.'],
  [{ readIdleTimeout: 1000 }, 'The session’s read idle timeout has passed.'],
  [{ writeIdleTimeout: 1000 }, 'The session’s write idle timeout has passed.'],
])('pings and pongs do not prevent an idle timeout: %p', async (options, phrase) => {
  const { received, ended } = await open(Quiet, options);
  await pass(1100);
  expect(received.pings).toBeGreaterThanOrEqual(4);
  expect(ended).toEqual([`1006 ${phrase}`]);
});

describe('while this side does not read', () => {
  test('pings the peer and keeps the session; its pongs count when they are read', async () => {
    const { peer, received, session, instance, ended } = await open(Busy);
    peer.sendText('1', true);
    peer.sendText('2', true);
    await pass(2000);
    expect(received.pings).toBeGreaterThanOrEqual(9);
    expect(ended).toEqual([]);
    instance.finish();
    await pass(20);
    instance.finish();
    await pass(1000);
    expect({ open: session.isOpen(), ended, pongs: instance.pongs }).toEqual({ open: true, ended: [], pongs: [] });
  });

  test('detects a dead peer when reading continues', async () => {
    const conversation = await open(Busy);
    const { peer, instance, ended } = conversation;
    silence(conversation);
    peer.sendText('1', true);
    peer.sendText('2', true);
    await pass(2000);
    instance.finish();
    await turns();
    instance.finish();
    await pass(280);
    expect(ended).toEqual([]);
    await pass(80);
    expect(ended).toEqual([`1006 ${DEAD}`]);
  });

  test('keeps the session while @OnOpen runs', async () => {
    let finish: () => void = () => undefined;
    class Slow extends Quiet {
      override onOpen(): Promise<void> {
        return new Promise((resolve) => (finish = resolve));
      }
    }
    const conversation = converse(Slow, { pingInterval: 200, pongTimeout: 100 });
    silence(conversation);
    await pass(1000);
    expect((conversation.endpoint as Slow).ended).toEqual([]);
    finish();
    await pass(360);
    expect((conversation.endpoint as Slow).ended).toEqual([`1006 ${DEAD}`]);
  });
});

describe('a peer that does not read', () => {
  test('receives one ping, and is dead after the pong timeout', async () => {
    const { peer, session, ended, transportPings } = await openWatched();
    peer.pause();
    void session.getAsyncRemote().sendBinary(new Uint8Array(200_000));
    await pass(1000);
    expect(transportPings()).toBe(1);
    expect(ended).toEqual([`1006 ${DEAD}`]);
  });

  test('receives one ping and stays without a pong timeout', async () => {
    const { peer, session, ended, transportPings } = await openWatched({ pongTimeout: 0 });
    peer.pause();
    void session.getAsyncRemote().sendBinary(new Uint8Array(200_000));
    await pass(5000);
    expect(transportPings()).toBe(1);
    expect(ended).toEqual([]);
  });

  test('is not dead while it reads, however slowly', async () => {
    const { peer, session, ended, received } = await openWatched();
    jest.spyOn(received, 'onText').mockImplementation(() => peer.pause());
    peer.pause();
    for (let index = 0; index < 20; index += 1) session.transport.sendText('#'.repeat(1000), true);
    for (let index = 0; index < 15; index += 1) {
      await pass(80);
      peer.resume();
    }
    expect(ended).toEqual([]);
    await pass(200);
    expect(ended).toEqual([`1006 ${DEAD}`]);
  });

  async function openWatched(options: ConversationOptions = {}) {
    const conversation = await open(Quiet, options);
    const ping = jest.spyOn(conversation.session.transport, 'ping');
    return { ...conversation, transportPings: () => ping.mock.calls.length };
  }
});

test('after a blocked event loop, reads pending data before it drops a peer', async () => {
  const { received, ended } = await open(Quiet);
  await pass(180);
  // The ping leaves, and before the pong can be read an hour has passed.
  jest.advanceTimersByTime(40);
  const now = performance.now();
  jest.spyOn(performance, 'now').mockReturnValue(now + 3_600_000);
  jest.advanceTimersByTime(TICK);
  await turns();
  await pass(60);
  expect(received.pings).toBe(1);
  expect(ended).toEqual([]);
});

test('sends a ping between the parts of a message, and before a batch', async () => {
  const { session, received } = await open(Quiet);
  await session.getBasicRemote().sendText('be', false);
  await session.getBasicRemote().setBatchingAllowed(true);
  await session.getBasicRemote().sendText('gun', true);
  await pass(240);
  expect(received.pings).toBe(1);
  await session.getBasicRemote().flushBatch();
  await pass(20);
  expect(received.events).toEqual([{ kind: 'text', text: 'begun', last: true }]);
});

test('user properties of a session start and stop its pings', async () => {
  const { session, received, ended } = await open(Quiet, { pingInterval: 0 });
  await pass(1000);
  expect(received.pings).toBe(0);
  const properties = session.getUserProperties();
  properties.set('serval.pingInterval', '100').set('serval.pongTimeout', 60);
  expect(() => properties.set('serval.pingInterval', 'often')).toThrow(IllegalArgumentException);
  await pass(360);
  expect(received.pings).toBe(3);
  properties.delete('serval.pingInterval');
  await pass(1000);
  expect(received.pings).toBe(3);
  expect(ended).toEqual([]);
  expect(jest.getTimerCount()).toBe(0);
});

test('sends no ping and runs no timer by default and with every compatibility profile', async () => {
  for (const compatibility of [undefined, 'tomcat-9', 'tomcat-10.1', 'tomcat-11'] as const) {
    const conversation = converse(Quiet, { compatibility });
    await conversation.opened;
    expect(conversation.context.settings).toMatchObject({ pingInterval: 0, pongTimeout: 20_000 });
    expect(jest.getTimerCount()).toBe(0);
  }
});

test('an ended session leaves no timer', async () => {
  const conversation = await open(Quiet);
  await pass(100);
  expect(jest.getTimerCount()).toBe(1);
  conversation.peer.terminate();
  await turns();
  expect(jest.getTimerCount()).toBe(0);
});
