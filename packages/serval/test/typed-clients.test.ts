import {
  connect as connectNode,
  endpoint,
  json,
  ReplyException,
  Server,
  type Session,
  type WebSocketClient,
} from 'serval';
import * as page from 'serval/browser';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { afterTest, Inbox, rejection, silent } from '../../testing/test/toolbox';

// `connect` of Node and that of a page have the same typed messages, functions by type and requests.

const MESSAGES = z.discriminatedUnion('type', [
  z.object({ type: z.literal('say'), text: z.string() }),
  z.object({ type: z.literal('count'), items: z.array(z.string()) }),
  z.object({ type: z.literal('ask') }),
  z.object({ type: z.literal('other') }),
]);
type Message = z.infer<typeof MESSAGES>;

const Chat = json(MESSAGES, { requests: true });

const socket = (url: string, subprotocols: string[]): page.PageSocket => new WebSocket(url, subprotocols);

/** A client of either kind, as far as the tests need it. */
interface Client {
  request<T = unknown>(message: Message, options?: object): PromiseLike<T>;
  send(message: Message): PromiseLike<void>;
  close(): PromiseLike<void>;
  readonly session: { request<T = unknown>(message: Message): PromiseLike<T> } | undefined;
}

interface Handlers {
  readonly messages?: Readonly<Record<string, (message: never, session: never) => unknown>>;
  readonly onMessage?: (message: Message) => unknown;
  readonly onOpen?: (session: { request<T = unknown>(message: Message): PromiseLike<T> }) => unknown;
  readonly onError?: (error: Error) => unknown;
}

const CLIENTS: Readonly<Record<string, (uri: string, handlers: Handlers) => Promise<Client>>> = {
  node: (uri, handlers) => connectNode(uri, { codecs: [Chat], logger: silent, ...(handlers as object) }),
  page: async (uri, handlers) => {
    const options = { codecs: [page.json(MESSAGES, { requests: true })], socket, ...handlers } as const;
    return (await page.connect(uri, options as object)) as unknown as Client;
  },
};

let sessions: Inbox<Session>;

/** Sends what the messages of clients are, and answers requests. */
async function open(name: string, handlers: Handlers = {}): Promise<Client> {
  sessions = new Inbox();
  const chat = endpoint('/chat', {
    codecs: [Chat],
    onOpen: (session) => sessions.add(session as unknown as Session),
    messages: {
      say: ({ text }, session) => void session.send({ type: 'say', text: `${text}!` }),
      count: ({ items }) => {
        if (items.includes('never')) return new Promise(() => undefined);
        if (items.includes('gold')) throw new ReplyException('no-gold', 'There is no gold.');
        return { count: items.length };
      },
      ask: (_message, session) => session.request({ type: 'say', text: 'who?' }),
    },
  });
  const server = await new Server({ host: '127.0.0.1', port: 0, endpoints: [chat], logger: silent }).start();
  afterTest(() => server.stop({ grace: 50 }));
  const client = await (CLIENTS[name] as NonNullable<(typeof CLIENTS)[string]>)(
    `ws://127.0.0.1:${server.port}/chat`,
    handlers,
  );
  afterTest(() => void client.close());
  return client;
}

describe.each(Object.keys(CLIENTS))('connect, %s', (name) => {
  test('calls the function for the type of a message, and onMessage for all other types', async () => {
    const heard = new Inbox<unknown>();
    const client = await open(name, {
      messages: { say: ({ text }: { text: string }) => heard.add(`say ${text}`) },
      onMessage: (message) => heard.add(message),
    });
    await client.send({ type: 'say', text: 'hi' });
    expect(await heard.next()).toBe('say hi!');
    (await sessions.next()).send({ type: 'other' });
    expect(await heard.next()).toEqual({ type: 'other' });
  });

  test('resolves a request to the reply, which a schema validates', async () => {
    const client = await open(name);
    expect(await client.request({ type: 'count', items: ['tea', 'milk'] })).toEqual({ count: 2 });
    const schema = z.object({ count: z.number().transform((count) => `${count} things`) });
    expect(await client.request({ type: 'count', items: ['tea'] }, { schema })).toEqual({ count: '1 things' });
    const wrong = client.request({ type: 'count', items: [] }, { schema: z.object({ total: z.number() }) });
    const error = await rejection(Promise.resolve(wrong));
    expect(error).toMatchObject({ code: 'WS_REPLY', reason: 'invalid', issues: [{ path: ['total'] }] });
  });

  test('rejects a request by the error of the reply', async () => {
    const client = await open(name);
    const error = await rejection(Promise.resolve(client.request({ type: 'count', items: ['gold'] })));
    expect(error).toMatchObject({ name: 'ReplyException', reason: 'no-gold', message: 'There is no gold.' });
    const unknown = await rejection(Promise.resolve(client.request({ type: 'other' })));
    expect(unknown).toMatchObject({ reason: 'unknown-type' });
  });

  test('rejects a request without a reply: after its timeout, by its signal, at the end of the session', async () => {
    const client = await open(name);
    const never: Message = { type: 'count', items: ['never'] };
    const late = await rejection(Promise.resolve(client.request(never, { timeout: 20 })));
    expect(late).toMatchObject({ code: 'WS_REPLY_TIMEOUT' });
    const abort = new AbortController();
    const aborted = rejection(Promise.resolve(client.request(never, { signal: abort.signal })));
    abort.abort(new Error('enough'));
    expect((await aborted).message).toBe('enough');
    const ended = rejection(Promise.resolve(client.request(never)));
    await client.close();
    expect(await ended).toMatchObject({ code: 'WS_IO' });
    expect(await rejection(Promise.resolve(client.request(never)))).toMatchObject({ code: 'WS_IO' });
  });

  test('refuses a message that does not match the schema, before it leaves', async () => {
    const client = await open(name);
    const wrong = { type: 'count', items: [1] } as unknown as Message;
    expect(await rejection(Promise.resolve(client.request(wrong)))).toMatchObject({ code: 'WS_ENCODE' });
    expect(await rejection(Promise.resolve(client.send(wrong)))).toMatchObject({ code: 'WS_ENCODE' });
  });

  test('answers a request with the result of the function, or with its ReplyException', async () => {
    const errors = new Inbox<Error>();
    await open(name, {
      messages: {
        say: async ({ text }: { text: string }) => {
          await Promise.resolve();
          if (text === 'secret?') throw new ReplyException('private', 'That is private.');
          if (text === 'fail') throw new Error('the password is 1234');
          return { text: `${text} Ann.` };
        },
      },
      onError: (error) => errors.add(error),
    });
    const session = await sessions.next();
    expect(await session.request({ type: 'say', text: 'who?' })).toEqual({ text: 'who? Ann.' });
    expect(await rejection(session.request({ type: 'say', text: 'secret?' }))).toMatchObject({ reason: 'private' });
    expect(await rejection(session.request({ type: 'say', text: 'fail' }))).toMatchObject({ reason: 'failed' });
    expect((await errors.next()).message).toBe('the password is 1234');
    expect(await rejection(session.request({ type: 'other' }))).toMatchObject({ reason: 'unknown-type' });
  });

  test('lets replies pass the messages that wait for a handler, and a handler await a request', async () => {
    const counts = new Inbox<unknown>();
    const opened: { client?: Client } = {};
    const client = await open(name, {
      onOpen: async (session) => counts.add(await session.request({ type: 'count', items: ['in onOpen'] })),
      messages: {
        say: async () => counts.add(await opened.client?.session?.request({ type: 'count', items: ['a', 'b'] })),
      },
    });
    opened.client = client;
    expect(await counts.next()).toEqual({ count: 1 });
    await client.send({ type: 'say', text: 'one' });
    await client.send({ type: 'say', text: 'two' });
    expect([await counts.next(), await counts.next()]).toEqual([{ count: 2 }, { count: 2 }]);
  });

  test('asks and answers in the same moment', async () => {
    const client = await open(name, { messages: { say: ({ text }: { text: string }) => ({ text: `${text} Ann.` }) } });
    expect(await client.request({ type: 'ask' })).toEqual({ text: 'who? Ann.' });
  });

  test('refuses a value that is not a function', async () => {
    const wrong = { messages: { say: 'hi' } } as unknown as Handlers;
    expect(await rejection(open(name, wrong))).toMatchObject({
      code: 'WS_DEPLOY_BAD_OPTION',
      message: expect.stringContaining('messages.say'),
    });
  });
});

test('a loop over a page client takes messages, and the message of a request, but no replies', async () => {
  const client = (await open('page')) as unknown as WebSocketClient<Message>;
  const session = await sessions.next();
  const asked = session.request({ type: 'other' });
  await client.request({ type: 'count', items: [] });
  await client.send({ type: 'say', text: 'hi' });
  const heard: unknown[] = [];
  for await (const message of client) if (heard.push(message) === 2) break;
  expect(heard).toEqual([{ type: 'other' }, { type: 'say', text: 'hi!' }]);
  expect(await asked).toBeUndefined();
});

test('connect refuses functions for a type that the schema does not have, or without a codec', async () => {
  const wrong = { codecs: [Chat], messages: { sya: () => undefined } };
  expect(await rejection(connectNode('ws://127.0.0.1:1/', wrong as object))).toMatchObject({
    code: 'WS_DEPLOY_BAD_METHOD',
    message: expect.stringMatching(/^connect: messages\.sya: .* Did you mean "say"\?$/),
  });
  const plain = { messages: { say: () => undefined } };
  expect(await rejection(connectNode('ws://127.0.0.1:1/', plain as object))).toMatchObject({
    code: 'WS_DEPLOY_BAD_CODEC',
  });
});

test('a page client refuses requests of a codec without requests', async () => {
  const client = await open('node');
  await client.close();
  const { client: other } = await plainPage();
  expect(await rejection(Promise.resolve(other.request({ type: 'other' })))).toMatchObject({
    code: 'WS_ILLEGAL_STATE',
    message: 'request needs json(schema, { requests: true }).',
  });
});

async function plainPage() {
  const echo = endpoint('/echo', { onText: (text) => text });
  const server = await new Server({ host: '127.0.0.1', port: 0, endpoints: [echo], logger: silent }).start();
  afterTest(() => server.stop({ grace: 50 }));
  const client = await page.connect(`ws://127.0.0.1:${server.port}/echo`, { codecs: [page.json(MESSAGES)], socket });
  afterTest(() => void client.close());
  return { client };
}

// Only for the compiler: the types of both clients.
export async function types(): Promise<void> {
  const node = await connectNode('ws://localhost', {
    codecs: [Chat],
    messages: { say: ({ text }, session) => session.send(text.trim()) },
  });
  const browser = await page.connect('ws://localhost', {
    codecs: [Chat],
    messages: { say: ({ text }, session) => session.request({ type: 'say', text: text.trim() }) },
    onMessage: (message) => message.type === 'ask',
  });
  const schema = z.object({ count: z.number() });
  const counts = [await node.request({ type: 'ask' }, { schema }), await browser.request({ type: 'ask' }, { schema })];
  for (const { count } of counts) void count.toFixed();
  for (const client of [node, browser]) {
    // @ts-expect-error the schema has no such type
    void client.send({ type: 'nothing' });
  }
  // @ts-expect-error a number has no trim
  await page.connect('ws://localhost', { codecs: [Chat], messages: { say: (text: number) => text } });
  // @ts-expect-error the schema has no such type
  await connectNode('ws://localhost', { codecs: [Chat], messages: { nothing: () => undefined } });
}
