import { Endpoint, type InputStream, type Reader } from '@serval/api';
import { planEndpoint, type Decoding, type MessageRoute } from '@serval/plan';
import { Inbox, type InboxHost } from '../src/inbox';

class Silent extends Endpoint {
  override onOpen(): void {}
}
const plan = planEndpoint({ endpointClass: Silent, encoders: [], decoders: [], inbound: 'serial' });

function routeTo(decoding: Decoding): MessageRoute {
  const bind = (_session: unknown, payload: unknown): unknown[] => [payload];
  const route = { native: 'text', method: 'take', inParts: false, maxMessageSize: -1, replies: false } as const;
  return { ...route, decoding, bind, receiver: undefined };
}

const LIMITS = { textBytes: 10, binaryBytes: 10, countsCharacters: false, read() {}, wrote() {}, heard() {} };
const LIFE = {
  peerLeaving() {},
  connectionClosing() {},
  connectionClosed() {},
  connectionFailed() {},
  messageTooLarge() {},
};

/** An inbox whose handler settles when the test says so; `seen` has what it did, in order. */
function inboxWith(decoding: Decoding = { kind: 'as-is' }, handlerTimeoutMs = Infinity) {
  const seen: unknown[] = [];
  const settle: (() => void)[] = [];
  const note = (what: string) => (): void => void seen.push(what);
  const host: InboxHost = {
    plan,
    transport: { pause: note('pause'), resume: note('resume') },
    limits: { ...LIMITS, handlerTimeoutMs },
    life: { ...LIFE, handlerOverdue: note('overdue') },
    routeOf: (native) => (native === 'text' ? routeTo(decoding) : undefined),
    traffic: undefined,
    dispatch: (_route, message) => {
      seen.push(message);
      return new Promise((resolve) => settle.push(resolve));
    },
    dropped: note('dropped'),
    awaitsReplies: false,
    takeReply: () => false,
  };
  const inbox = new Inbox(host);
  return { inbox, seen, settle: async (): Promise<void> => Promise.resolve(settle.shift()?.()).then(() => undefined) };
}

test('messages wait and the transport pauses until the session starts', () => {
  const { inbox, seen } = inboxWith();
  inbox.onText('early', true);
  expect(seen).toEqual([]);
  inbox.start();
  expect(seen).toEqual(['early', 'resume']);
});

test('runs one handler at a time; the first waiting message pauses the transport, and the last one resumes it', async () => {
  const { inbox, seen, settle } = inboxWith();
  inbox.start();
  for (const text of ['a', 'b', 'c']) inbox.onText(text, true);
  expect(seen).toEqual(['resume', 'a', 'pause']);
  await settle();
  await settle();
  expect(seen).toEqual(['resume', 'a', 'pause', 'b', 'c', 'resume']);
});

test('drops a message without a handler', () => {
  const { inbox, seen } = inboxWith();
  inbox.start();
  inbox.onBinary(Buffer.of(1), true);
  expect(seen).toEqual(['resume', 'dropped']);
});

test('answers a close after the messages before it', async () => {
  const { inbox, seen, settle } = inboxWith();
  inbox.start();
  inbox.onText('a', true);
  inbox.onText('b', true);
  inbox.close(() => seen.push('answered'));
  inbox.onText('too late', true);
  await settle();
  expect(seen).toEqual(['resume', 'a', 'pause', 'b']);
  await settle();
  expect(seen).toEqual(['resume', 'a', 'pause', 'b', 'answered']);
});

test('delivers the parts of a streamed message to its running handler', async () => {
  const { inbox, seen } = inboxWith({ kind: 'stream' });
  inbox.start();
  inbox.onText('one ', false);
  inbox.onText('two', true);
  const [, stream] = seen as [string, Reader | InputStream];
  expect(await stream.readAll()).toBe('one two');
});

test('reports a handler that takes too long', async () => {
  const { inbox, seen } = inboxWith({ kind: 'as-is' }, 5);
  inbox.start();
  inbox.onText('a', true);
  while (!seen.includes('overdue')) await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toEqual(['resume', 'a', 'overdue']);
});
