import { CloseReason, OnClose, OnMessage, OnOpen, PongMessage, ServerEndpoint, Session } from '@serval/api';
import { converse, type Conversation, type ConversationOptions } from '@serval/testing';
import { unhurried } from '../src';

const never = (): Promise<void> => new Promise(() => undefined);
let lines: string[];
let logged: string[];
beforeEach(() => {
  lines = [];
  logged = [];
});

class Recorder {
  note(reason: CloseReason): void {
    lines.push(`close ${reason.getCloseCode().getCode()}`);
  }
}

@ServerEndpoint('/stuck')
class Stuck extends Recorder {
  @OnMessage text(text: string): Promise<void> | undefined {
    lines.push(text);
    return text === 'never' ? never() : new Promise((resolve) => setImmediate(resolve));
  }
  @OnMessage bytes(_bytes: Buffer): Promise<void> {
    return never();
  }
  @OnClose close(reason: CloseReason): void {
    this.note(reason);
  }
}

@ServerEndpoint('/opening')
class NeverOpens extends Recorder {
  @OnOpen open(): Promise<void> {
    return never();
  }
  @OnMessage text(text: string): void {
    lines.push(text);
  }
  @OnClose close(reason: CloseReason): void {
    this.note(reason);
  }
}

@ServerEndpoint('/closing')
class NeverCloses extends Recorder {
  @OnMessage text(text: string): void {
    lines.push(text);
  }
  @OnClose close(reason: CloseReason): Promise<void> {
    this.note(reason);
    return never();
  }
}

function open(endpointClass: new () => object, options: ConversationOptions = {}): Conversation {
  const error = (message: string): void => void logged.push(message.replace(/session \w+/, 'session'));
  const logger = { error, warn: () => undefined, debug: () => undefined };
  return converse(endpointClass, { logger, ...options });
}

const ended = ({ context }: Conversation): Promise<void> => context.registry.whenEmpty();

test('without a limit, a handler may run for any time', async () => {
  const conversation = open(Stuck);
  conversation.peer.sendText('never', true);
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(conversation.session.life.canSend).toBe(true);
});

describe.each(['serial', 'concurrent'] as const)('handlerTimeout, %s', (inbound) => {
  test('closes with 1011 if a handler never settles, and names the handler', async () => {
    const conversation = open(Stuck, { handlerTimeout: 20, inbound });
    conversation.peer.sendText('fine', true);
    conversation.peer.sendBinary(new Uint8Array(1), true);
    expect(await conversation.received.closed()).toMatchObject({ code: 1011 });
    await ended(conversation);
    expect(lines).toEqual(['fine', 'close 1011']);
    expect(logged).toEqual([expect.stringMatching(/^Stuck\.bytes has not settled within 20 ms; session ends/)]);
  });
});

test('handlerTimeout applies to each handler separately', async () => {
  const conversation = open(Stuck, { handlerTimeout: 1000 });
  for (let message = 0; message < 20; message += 1) conversation.peer.sendText('fine', true);
  conversation.peer.close(4000, '');
  await ended(conversation);
  expect(lines).toHaveLength(21);
  expect(logged).toEqual([]);
});

test('handlerTimeout ends a session whose @OnOpen never settles', async () => {
  const conversation = open(NeverOpens, { handlerTimeout: 20 });
  conversation.peer.sendText('waits', true);
  expect(await conversation.opened).toBeInstanceOf(Error);
  await ended(conversation);
  expect(lines).toEqual(['close 1011']);
  expect(logged).toEqual([expect.stringContaining('NeverOpens.open has not settled within 20 ms')]);
});

test('handlerTimeout ends a session whose @OnClose never settles', async () => {
  const conversation = open(NeverCloses, { handlerTimeout: 20 });
  conversation.peer.close(4000, '');
  await ended(conversation);
  expect(lines).toEqual(['close 4000']);
  expect(logged).toEqual([expect.stringContaining('NeverCloses.close has not settled within 20 ms')]);
});

test.each<[string, (conversation: Conversation) => unknown, string]>([
  ['the connection is lost', ({ peer }) => peer.terminate(), 'close 1006'],
  ['the peer closes', ({ peer }) => peer.close(4001, ''), 'close 4001'],
  ['this side closes', ({ session }) => session.close(new CloseReason(4002)), 'close 4002'],
])('once %s, the close timeout bounds a handler that never settles', async (_title, end, close) => {
  for (const endpointClass of [Stuck, NeverOpens]) {
    lines = [];
    logged = [];
    const conversation = open(endpointClass, { sessionCloseTimeout: 20 });
    conversation.peer.sendText('never', true);
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    end(conversation);
    await ended(conversation);
    expect(lines.at(-1)).toBe(close);
    expect(logged).toEqual([expect.stringContaining('has not settled within 20 ms')]);
  }
});

test('a handler that settles after its timeout changes nothing', async () => {
  let settle = (): void => undefined;
  @ServerEndpoint('/late')
  class Late extends Recorder {
    @OnMessage text(_text: string): Promise<string> {
      return new Promise((resolve) => (settle = () => resolve('too late')));
    }
    @OnClose close(reason: CloseReason): void {
      this.note(reason);
    }
  }
  const conversation = open(Late, { handlerTimeout: 20 });
  conversation.peer.sendText('x', true);
  await ended(conversation);
  settle();
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(lines).toEqual(['close 1011']);
  expect(conversation.received.events).toHaveLength(1);
});

test('handlerTimeout does not apply to a handler that waits for a reader', async () => {
  let take = (): void => undefined;
  @ServerEndpoint('/reader')
  class Reading extends Recorder {
    @OnOpen open(session: Session): void {
      session.addMessageHandler(
        String,
        unhurried(() => new Promise<void>((resolve) => (take = resolve))),
      );
      session.addMessageHandler(PongMessage, () => undefined);
    }
    @OnClose close(reason: CloseReason): void {
      this.note(reason);
    }
  }
  const conversation = open(Reading, { handlerTimeout: 10, sessionCloseTimeout: 10 });
  conversation.peer.sendText('unread', true);
  conversation.peer.close(4000, '');
  expect(await conversation.received.closed()).toMatchObject({ code: 4000 });
  expect(lines).toEqual([]);
  take();
  await ended(conversation);
  expect([lines, logged]).toEqual([['close 4000'], []]);
});
