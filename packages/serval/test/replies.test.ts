import {
  connect,
  EncodeException,
  endpoint,
  IllegalArgumentException,
  json,
  OnMessage,
  ReplyException,
  Server,
  ServerEndpoint,
  type ServerEndpointConfig,
} from 'serval';
import * as page from 'serval/browser';
import { TestServer } from 'serval/testing';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { afterTest, Inbox, rejection, silent } from '../../testing/test/toolbox';

// The schemas of replies, on the side that answers and on the side that asks.

const MESSAGES = z.discriminatedUnion('type', [
  z.object({ type: z.literal('price'), item: z.string() }),
  z.object({ type: z.literal('since') }),
  z.object({ type: z.literal('later') }),
  z.object({ type: z.literal('anything') }),
]);

const later = z.number().refine(async (value) => Promise.resolve(value > 0), 'expected more than 0');

const replies = {
  price: z.object({ euros: z.number().positive() }),
  since: z.object({ at: z.coerce.date<string>() }),
  later,
};

const Shop = json(MESSAGES, { replies });

interface Results {
  readonly price?: unknown;
  readonly since?: unknown;
  readonly later?: unknown;
}

/** An endpoint whose replies are those results, whatever the schemas say. */
function shop(results: Results, onError?: (error: Error) => void): ServerEndpointConfig {
  return endpoint('/shop', {
    codecs: [Shop],
    messages: {
      price: () => results.price as { euros: number },
      since: () => results.since as { at: string },
      later: async () => results.later as number,
      anything: () => [1, 2],
    },
    onError: (error) => onError?.(error),
  });
}

async function ask(config: ServerEndpointConfig, message: object): Promise<unknown> {
  const server = new TestServer({ endpoints: [config], logger: silent });
  afterTest(() => server.stop());
  const peer = await server.connect('/shop');
  return peer.send(JSON.stringify({ id: 1, request: message })).receiveJson();
}

describe('the side that answers', () => {
  test('sends a reply that matches the schema of its type, and any other type as it is', async () => {
    const config = shop({ price: { euros: 3, secret: true }, later: 5 });
    expect(await ask(config, { type: 'price', item: 'tea' })).toEqual({
      replyTo: 1,
      reply: { euros: 3, secret: true },
    });
    expect(await ask(config, { type: 'later' })).toEqual({ replyTo: 1, reply: 5 });
    expect(await ask(config, { type: 'anything' })).toEqual({ replyTo: 1, reply: [1, 2] });
  });

  test.each<[string, Results, object, string]>([
    [
      'a wrong reply',
      { price: { euros: 'three' } },
      { type: 'price', item: 'tea' },
      'The reply to "price" does not match the schema of json: euros: Invalid input: expected number, received string.',
    ],
    [
      'no reply',
      {},
      { type: 'price', item: 'tea' },
      'The reply to "price" does not match the schema of json: Invalid input: expected object, received undefined.',
    ],
    [
      'a reply that an asynchronous schema rejects',
      { later: -1 },
      { type: 'later' },
      'The reply to "later" does not match the schema of json: expected more than 0.',
    ],
  ])('fails the request for %s, and reports it to onError alone', async (_case, results, message, text) => {
    const errors = new Inbox<Error>();
    expect(
      await ask(
        shop(results, (error) => errors.add(error)),
        message,
      ),
    ).toEqual({
      replyTo: 1,
      error: { code: 'failed', message: 'The request failed.' },
    });
    const error = (await errors.next()) as EncodeException;
    expect(error).toBeInstanceOf(EncodeException);
    expect(error.message).toBe(text);
    expect(error.issues).toHaveLength(1);
  });

  test("sends the schema's output with outgoing: 'replace', and anything with 'off'", async () => {
    const withOutgoing = (outgoing: 'replace' | 'off', reply: unknown): ServerEndpointConfig =>
      endpoint('/shop', {
        codecs: [json(MESSAGES, { replies, outgoing })],
        messages: { price: () => reply as { euros: number } },
      });
    const price = { type: 'price', item: 'tea' };
    expect(await ask(withOutgoing('replace', { euros: 3, secret: true }), price)).toEqual({
      replyTo: 1,
      reply: { euros: 3 },
    });
    expect(await ask(withOutgoing('off', 'free'), price)).toEqual({ replyTo: 1, reply: 'free' });
  });

  test('works for annotated methods and for numbers as types', async () => {
    const Opcodes = json(z.object({ op: z.literal(1) }), { discriminator: 'op', replies: { 1: z.string() } });
    @ServerEndpoint('/shop', { codecs: [Opcodes] })
    class Numbers {
      @OnMessage(1, { params: [Opcodes] })
      one(): string {
        return 7 as unknown as string;
      }
    }
    const server = new TestServer({ endpoints: [Numbers], logger: silent });
    afterTest(() => server.stop());
    const peer = await server.connect('/shop');
    expect(await peer.send('{"id":1,"request":{"op":1}}').receiveJson()).toMatchObject({ error: { code: 'failed' } });
  });

  test.each(['__proto__', 'constructor', 'toString'])('has no schema for the type %s', async (type) => {
    const Open = json(z.object({ type: z.string() }), { replies });
    const config = endpoint('/shop', { codecs: [Open], onMessage: () => ({ type: 'fine' }) });
    expect(await ask(config, { type })).toEqual({ replyTo: 1, reply: { type: 'fine' } });
  });
});

const socket = (url: string, subprotocols: string[]): page.PageSocket => new WebSocket(url, subprotocols);

/** A client of either kind, as far as the tests need it. */
interface Client {
  request(message: z.infer<typeof MESSAGES>): PromiseLike<unknown>;
  close(): PromiseLike<void>;
}

const CLIENTS: Readonly<Record<string, (uri: string) => Promise<Client>>> = {
  node: (uri) => connect(uri, { codecs: [Shop] }),
  page: (uri) => page.connect(uri, { codecs: [page.json(MESSAGES, { replies })], socket }),
};

describe.each(Object.keys(CLIENTS))('the side that asks, a client of %s', (name) => {
  /** A server that checks no reply. */
  async function open(results: Results): Promise<Client> {
    const Unchecked = json(MESSAGES, { requests: true });
    const config = endpoint('/shop', {
      codecs: [Unchecked],
      messages: { price: () => results.price, since: () => results.since, anything: () => 'fine' },
    });
    const server = await new Server({ endpoints: [config], host: '127.0.0.1', logger: silent }).start();
    afterTest(() => server.stop());
    const client = await CLIENTS[name]?.(`ws://127.0.0.1:${server.port}/shop`);
    if (client === undefined) throw new Error(name);
    afterTest(() => client.close());
    return client;
  }

  test("resolves to the schema's output", async () => {
    const client = await open({ price: { euros: 3 }, since: { at: '2026-06-01' } });
    expect(await client.request({ type: 'price', item: 'tea' })).toEqual({ euros: 3 });
    expect(await client.request({ type: 'since' })).toEqual({ at: new Date('2026-06-01') });
    expect(await client.request({ type: 'anything' })).toBe('fine');
  });

  test('rejects a reply that does not match, and says why', async () => {
    const client = await open({ price: { euros: -3 } });
    const error = (await rejection(Promise.resolve(client.request({ type: 'price', item: 'tea' })))) as ReplyException;
    expect(error).toBeInstanceOf(ReplyException);
    expect([error.reason, error.message]).toEqual([
      'invalid',
      'The reply does not match the schema: euros: Too small: expected number to be >0.',
    ]);
    expect(error.issues[0]?.path).toEqual(['euros']);
  });
});

test('deployment refuses a reply to a type that the schema does not have', () => {
  const codec = json(MESSAGES, { replies: { prise: z.string() } });
  const config = endpoint('/shop', { codecs: [codec], messages: { since: () => 1 } });
  expect(() => new TestServer({ endpoints: [config], logger: silent })).toThrow(
    /\/shop: replies\.prise: the schema of json has no message whose type is "prise"; .* Did you mean "price"\?/,
  );
});

test('the schemas are schemas, and need requests', () => {
  expect(() => json(MESSAGES, { replies: { price: Number as never } })).toThrow(
    /replies\.price is a schema of a library that implements Standard Schema/,
  );
  expect(() => json(MESSAGES, { replies, requests: false })).toThrow(
    new IllegalArgumentException('json has replies, and requests: false. Leave requests out, or remove replies.'),
  );
  expect(Shop.requests).toBe(true);
  expect(json(MESSAGES).requests).toBe(false);
});
