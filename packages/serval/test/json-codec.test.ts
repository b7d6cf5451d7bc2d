import { execFileSync } from 'node:child_process';
import {
  DecodeException,
  EncodeException,
  Endpoint,
  json,
  OnError,
  OnMessage,
  ServerEndpoint,
  ServerEndpointConfig,
  type ServerEndpointOptions,
  Session,
} from 'serval';
import { TestServer } from 'serval/testing';
import * as v from 'valibot';
import { z } from 'zod';
import { afterTest, Inbox, rejection, silent } from '../../testing/test/toolbox';

const Command = z.discriminatedUnion('type', [
  z.object({ type: z.literal('say'), text: z.string().max(20) }),
  z.object({ type: z.literal('leave') }),
]);
type Command = z.infer<typeof Command>;

/** An endpoint that returns each message, and the errors that it received. */
async function echo(options: Omit<ServerEndpointOptions, 'value'>) {
  const errors = new Inbox<Error>();
  @ServerEndpoint('/echo', options)
  class Echo {
    @OnMessage
    echo(message: Command): unknown {
      return message;
    }
    @OnError
    failed(error: Error): void {
      errors.add(error);
    }
  }
  const server = new TestServer({ endpoints: [Echo], logger: silent });
  afterTest(() => server.container.stop());
  return { peer: await server.connect('/echo'), errors };
}

const SCHEMAS = {
  zod: json(Command),
  'a zod union without a discriminator': json(z.union(Command.options)),
  valibot: json(
    v.variant('type', [
      v.object({ type: v.literal('say'), text: v.pipe(v.string(), v.maxLength(20)) }),
      v.object({ type: v.literal('leave') }),
    ]),
  ),
  'an asynchronous schema': json(Command.refine(async () => Promise.resolve(true))),
};

describe('json(schema)', () => {
  test.each(Object.entries(SCHEMAS))('decodes, validates and encodes by %s', async (_name, codec) => {
    const { peer, errors } = await echo({ codecs: [codec] });
    peer.send('{"type":"say","text":"hi"}');
    expect(await peer.receiveJson()).toEqual({ type: 'say', text: 'hi' });
    peer.send('{"type":"say","text":7}');
    const error = await errors.next();
    expect(error).toBeInstanceOf(DecodeException);
    expect((error as DecodeException).issues.length).toBeGreaterThan(0);
    expect(error.message).toMatch(/^The message does not match the schema: ./);
    peer.send('{"type":"leave"}');
    expect(await peer.receiveJson()).toEqual({ type: 'leave' });
  });

  test('takes a schema of arktype, which is a function', () => {
    // arktype is an ES module, which Node requires and Jest's own require does not.
    const program = `
      const { type } = require('arktype');
      const { json } = require('serval');
      const Chat = json(type({ type: "'say'", text: 'string<=20' }).or({ type: "'leave'" }));
      const codec = new Chat();
      const failed = (() => { try { codec.decode('{"type":"say","text":7}'); } catch (error) { return error; } })();
      console.log(JSON.stringify([codec.decode('{"type":"leave"}'), failed.message, Chat.jsonSchema().anyOf.length]));
    `;
    const output = execFileSync(process.execPath, ['-e', program], { cwd: __dirname, encoding: 'utf8' });
    expect(JSON.parse(output)).toEqual([
      { type: 'leave' },
      'The message does not match the schema: text: text must be a string (was a number).',
      2,
    ]);
  });

  test('names the path of an issue, and has the text', async () => {
    const { peer, errors } = await echo({ codecs: [json(Command)] });
    peer.send('{"type":"say"}');
    const error = (await errors.next()) as DecodeException;
    expect(error.message).toBe(
      'The message does not match the schema: text: Invalid input: expected string, received undefined.',
    );
    expect(error.issues).toMatchObject([{ path: ['text'] }]);
    expect(error.getText()).toBe('{"type":"say"}');
  });

  test('shows at most 5 issues in the message of an error', () => {
    const codec = new (json(z.array(z.number())))();
    expect(() => codec.decode(JSON.stringify(['a', 'b', 'c', 'd', 'e', 'f', 'g']))).toThrow(/4: [^;]*; and 2 more\.$/);
  });

  test('refuses what is not JSON, without the text in the message', async () => {
    const { peer, errors } = await echo({ codecs: [json(Command)] });
    peer.send('my password');
    const error = (await errors.next()) as DecodeException;
    expect(error.message).toBe('The message is not JSON.');
    expect(error.issues).toEqual([]);
    expect(error.cause).toBeInstanceOf(SyntaxError);
  });

  test.each(['{"a":[{"__proto__":{"isAdmin":true}}]}', '{"\\u005f_p\\u0072oto__":1}'])(
    'refuses a property that would change a prototype: %s',
    (text) => {
      expect(() => new (json())().decode(text)).toThrow(DecodeException);
    },
  );

  test('accepts a value that only mentions __proto__', () => {
    expect(new (json())().decode('{"text":"__proto__ \\u0070"}')).toEqual({ text: '__proto__ p' });
  });

  test('validates what leaves, and sends nothing else', async () => {
    const Price = json(z.object({ euros: z.number() }));
    const failures = new Inbox<unknown>();
    class Prices extends Endpoint {
      override async onOpen(session: Session): Promise<void> {
        failures.add(await rejection(session.getBasicRemote().sendObject({ euros: '3' })));
        await session.getBasicRemote().sendObject({ euros: 3, note: 'kept' });
      }
    }
    const config = ServerEndpointConfig.Builder.create(Prices, '/prices').codecs([Price]).build();
    const server = new TestServer({ endpoints: [config], logger: silent });
    const peer = await server.connect('/prices');
    const failure = await failures.next();
    expect(failure).toBeInstanceOf(EncodeException);
    expect((failure as EncodeException).message).toMatch(/^The object does not match the schema of json: euros: /);
    expect((failure as EncodeException).issues).toHaveLength(1);
    expect(await peer.receiveJson()).toEqual({ euros: 3, note: 'kept' });
    await server.container.stop();
  });

  test("with outgoing: 'replace' sends the schema's result; with 'off' validates nothing", () => {
    const schema = z.object({ name: z.string() });
    // A hash that must not leave the server.
    const user = { name: 'Ann', hash: 'x' };
    expect(new (json(schema, { outgoing: 'replace' }))().encode(user)).toBe('{"name":"Ann"}');
    expect(new (json(schema, { outgoing: 'off' }))().encode({ name: 7 } as never)).toBe('{"name":7}');
  });

  test('rejects a value that JSON cannot write', () => {
    expect(() => new (json())().encode({ n: 1n })).toThrow(EncodeException);
    expect(() => new (json())().encode(() => 1)).toThrow('The object cannot be written as JSON.');
  });

  test('answerErrors: true tells the peer what is wrong, and @OnError runs as well', async () => {
    const { peer, errors } = await echo({ codecs: [json(Command, { answerErrors: true })] });
    peer.send(JSON.stringify({ type: 'say', text: 'x'.repeat(21) }));
    expect(await peer.receiveJson()).toEqual({
      type: 'error',
      code: 'invalid',
      message: 'The message does not match the schema.',
      issues: [{ path: ['text'], message: 'Too big: expected string to have <=20 characters' }],
    });
    expect(await errors.next()).toBeInstanceOf(DecodeException);
    peer.send('[');
    expect(await peer.receiveJson()).toMatchObject({ type: 'error', code: 'malformed', issues: [] });
  });

  test('an answered message is logged at debug only, unless there is an @OnError', async () => {
    const lines: string[] = [];
    const note = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
    @ServerEndpoint('/echo', { codecs: [json(Command, { answerErrors: true })] })
    class Echo {
      @OnMessage echo(message: Command) {
        return message;
      }
    }
    const logger = { error: note('error'), warn: note('warn'), debug: note('debug') };
    const server = new TestServer({ endpoints: [Echo], logger });
    afterTest(() => server.container.stop());
    const peer = await server.connect('/echo');
    peer.send('{}');
    await peer.receive();
    expect(lines.filter((line) => !line.startsWith('debug'))).toEqual([]);
    expect(lines.at(-1)).toMatch(/^debug Session \w+ \(Echo\) answered a message with an error:$/);
  });

  test('bounds the answer', async () => {
    const schema = z.array(z.literal('a', { error: 'long '.repeat(100) }));
    const { peer } = await echo({ codecs: [json(schema, { answerErrors: true })] });
    peer.send(JSON.stringify(new Array(1000).fill('b')));
    const { issues } = (await peer.receiveJson()) as { issues: { message: string }[] };
    expect(issues).toHaveLength(10);
    expect(issues[0]?.message).toHaveLength(200);
  });

  test('answerErrors takes a function for your own answer', async () => {
    const answerErrors = (error: DecodeException) =>
      error.issues.length > 0 ? { oops: error.issues.length } : undefined;
    const { peer, errors } = await echo({ codecs: [json(Command, { answerErrors })] });
    peer.send('{').send('{}');
    expect(await peer.receiveJson()).toEqual({ oops: 1 });
    expect((await errors.next()).message).toBe('The message is not JSON.');
  });

  test('offers the JSON Schema of a schema that has one', () => {
    expect(json(Command).jsonSchema()).toMatchObject({
      oneOf: [{ required: ['type', 'text'] }, { required: ['type'] }],
    });
    expect(SCHEMAS.valibot.jsonSchema()).toBeUndefined();
    expect(json().jsonSchema()).toBeUndefined();
  });

  test('refuses at once what is no schema, and invalid options', () => {
    expect(() => json({ type: 'object' } as never)).toThrow(/^json takes a schema of a library .*; found an object\./);
    expect(() => json(Command, { outgoing: 'strict' as never })).toThrow("outgoing is 'check', 'replace' or 'off'");
    expect(() => json(Command, { discriminator: '' })).toThrow('discriminator is the name of a property');
  });

  test('a session’s own handler takes the codec', async () => {
    const Say = json(z.object({ text: z.string() }));
    class Chat extends Endpoint {
      override onOpen(session: Session): void {
        session.addMessageHandler(Say, ({ text }) => session.getBasicRemote().sendObject({ text: text.toUpperCase() }));
      }
    }
    const config = ServerEndpointConfig.Builder.create(Chat, '/chat').codecs([Say]).build();
    const server = new TestServer({ endpoints: [config], logger: silent });
    const peer = await server.connect('/chat');
    peer.send('{"text":"hi"}');
    expect(await peer.receiveJson()).toEqual({ text: 'HI' });
    await server.container.stop();
  });
});
