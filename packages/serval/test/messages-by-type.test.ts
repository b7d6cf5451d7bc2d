import {
  DecodeException,
  Decoder,
  endpoint,
  json,
  OnError,
  OnMessage,
  ServerEndpoint,
  Session,
  type DeploymentException,
  type Logger,
} from 'serval';
import { TestServer } from 'serval/testing';
import { z } from 'zod';
import { afterTest, Inbox, silent } from '../../testing/test/toolbox';

const Say = z.object({ type: z.literal('say'), text: z.string() });
const Move = z.object({ type: z.literal('move'), to: z.string() });
const Command = z.discriminatedUnion('type', [Say, Move, z.object({ type: z.literal('leave') })]);
type Say = z.infer<typeof Say>;
type Move = z.infer<typeof Move>;
const Chat = json(Command);

async function connectTo(endpoint: new () => object, logger: Logger = silent) {
  const server = new TestServer({ endpoints: [endpoint], logger });
  afterTest(() => server.container.stop());
  return server.connect('/chat');
}

/** The error of a class that cannot be deployed. */
function refusal(endpoint: new () => object): DeploymentException {
  try {
    new TestServer({ endpoints: [endpoint], logger: silent });
  } catch (error) {
    return error as DeploymentException;
  }
  throw new Error('The class was deployed.');
}

/** A logger that collects warnings. */
function collector(): Logger & { readonly warnings: string[] } {
  const warnings: string[] = [];
  return { ...silent, warnings, warn: (message: string) => void warnings.push(message) };
}

describe('endpoint with messages', () => {
  test('calls the function for the type of a message; onMessage receives all other types', async () => {
    const config = endpoint('/chat', {
      codecs: [Chat],
      messages: {
        say: ({ text }, session) => ({ type: 'say', text: `${text} ${session.isOpen()}` }),
        move: async ({ to }) => Promise.resolve({ type: 'move', to: to.toUpperCase() }),
      },
      onMessage: ({ type }) => ({ type: 'say' as const, text: `other: ${type}` }),
    });
    const server = new TestServer({ endpoints: [config], logger: silent });
    afterTest(() => server.container.stop());
    const peer = await server.connect('/chat');
    peer.send('{"type":"say","text":"hi"}').send('{"type":"move","to":"e4"}').send('{"type":"leave"}');
    expect(await peer.receiveJson()).toEqual({ type: 'say', text: 'hi true' });
    expect(await peer.receiveJson()).toEqual({ type: 'move', to: 'E4' });
    expect(await peer.receiveJson()).toEqual({ type: 'say', text: 'other: leave' });
  });

  test('takes numbers as keys, and the names of options', async () => {
    const codec = json(z.union([z.object({ op: z.literal(1) }), z.object({ op: z.literal('onOpen') })]), {
      discriminator: 'op',
    });
    const config = endpoint('/chat', { codecs: [codec], messages: { 1: () => 'one', onOpen: () => 'a type' } });
    const server = new TestServer({ endpoints: [config], logger: silent });
    afterTest(() => server.container.stop());
    const peer = await server.connect('/chat');
    peer.send('{"op":1}').send('{"op":"onOpen"}');
    expect(await peer.receive()).toBe('one');
    expect(await peer.receive()).toBe('a type');
  });

  test.each([
    [{ codecs: [Chat], messages: { sya: () => 1 } }, '/chat.messages.sya: the schema of json has no message'],
    [{ codecs: [Chat], messages: { say: 1 } }, '/chat.messages.say'],
    [{ messages: { say: () => 1 } }, '/chat: messages needs decoded objects.'],
    [{ codecs: [Chat], messages: 7 }, 'messages'],
  ])('finds mistakes at deployment: %p', (definition, message) => {
    const deploy = () => new TestServer({ endpoints: [endpoint('/chat', definition as never)], logger: silent });
    expect(deploy).toThrow(message);
  });
});

describe('@OnMessage(type)', () => {
  test('calls the method for the type of a message, and sends what it returns', async () => {
    @ServerEndpoint('/chat', { codecs: [Chat] })
    class Room {
      @OnMessage('say', { params: [Chat, Session] })
      say({ text }: Say, session: Session) {
        return { type: 'say', text: `${text} ${session.isOpen()}` };
      }
      @OnMessage('move')
      async move({ to }: Move) {
        return { type: 'move', to: await Promise.resolve(to.toUpperCase()) };
      }
      @OnMessage('leave')
      leave(session: Session) {
        return session.close(4000, 'bye');
      }
    }
    const peer = await connectTo(Room);
    peer.send('{"type":"say","text":"hi"}').send('{"type":"move","to":"e4"}').send('{"type":"leave"}');
    expect(await peer.receiveJson()).toEqual({ type: 'say', text: 'hi true' });
    expect(await peer.receiveJson()).toEqual({ type: 'move', to: 'E4' });
    expect(await peer.closed()).toMatchObject({ code: 4000, reason: 'bye' });
  });

  test('validates each type, and refuses a type that the schema does not have', async () => {
    const errors = new Inbox<Error>();
    @ServerEndpoint('/chat', { codecs: [Chat] })
    class Room {
      @OnMessage('say') say() {
        return { type: 'leave' };
      }
      @OnMessage other(message: z.infer<typeof Command>) {
        return message;
      }
      @OnError failed(error: Error) {
        errors.add(error);
      }
    }
    const peer = await connectTo(Room);
    peer.send('{"type":"say"}').send('{"type":"shout"}').send('{"type":"say","text":"x"}');
    expect(((await errors.next()) as DecodeException).issues).toMatchObject([{ path: ['text'] }]);
    expect(((await errors.next()) as DecodeException).issues).toMatchObject([{ path: ['type'] }]);
    expect(await peer.receiveJson()).toEqual({ type: 'leave' });
  });

  test('the method without a type receives all other types', async () => {
    @ServerEndpoint('/chat', { codecs: [json()] })
    class Room {
      @OnMessage('say') say() {
        return { by: 'say' };
      }
      @OnMessage other(message: unknown) {
        return { by: 'other', message };
      }
    }
    const peer = await connectTo(Room);
    for (const text of ['{"type":"say"}', '{"type":"toString"}', '{"type":["say"]}', '[]', '7']) peer.send(text);
    expect(await peer.receiveJson()).toEqual({ by: 'say' });
    for (const message of [{ type: 'toString' }, { type: ['say'] }, [], 7])
      expect(await peer.receiveJson()).toEqual({ by: 'other', message });
  });

  test('without such a method the message is dropped, and the log says so once', async () => {
    const logger = collector();
    @ServerEndpoint('/chat', { codecs: [json()] })
    class Room {
      @OnMessage('say') say() {
        return { type: 'said' };
      }
    }
    const peer = await connectTo(Room, logger);
    peer
      .send(JSON.stringify({ type: 'x'.repeat(1000) }))
      .send('{"type":"y"}')
      .send('{}')
      .send('{"type":"say"}');
    expect(await peer.receiveJson()).toEqual({ type: 'said' });
    expect(logger.warnings).toEqual([
      `Room has no method for messages of type "${'x'.repeat(63)}…"; they are dropped. An @OnMessage method without a type, or onMessage, receives all other types.`,
    ]);
  });

  test('answerErrors answers a type without a method', async () => {
    @ServerEndpoint('/chat', { codecs: [json(undefined, { answerErrors: true })] })
    class Room {
      @OnMessage('say') say() {}
    }
    const peer = await connectTo(Room);
    peer.send('{"type":"sing"}');
    expect(await peer.receiveJson()).toEqual({
      type: 'error',
      code: 'unknown-type',
      message: 'Messages of this type have no handler.',
      issues: [],
    });
  });

  test('takes another discriminator, and numbers', async () => {
    const Op = json(z.union([z.object({ op: z.literal(1), d: z.string() }), z.object({ op: z.literal(2) })]), {
      discriminator: 'op',
    });
    @ServerEndpoint('/chat', { codecs: [Op] })
    class Gateway {
      @OnMessage(1, { params: [Op] })
      identify({ d }: { op: 1; d: string }) {
        return { op: 1, d: d.length.toString() };
      }
      @OnMessage(2) beat() {
        return { op: 2 };
      }
    }
    const peer = await connectTo(Gateway);
    peer.send('{"op":1,"d":"four"}').send('{"op":2}');
    expect(await peer.receiveJson()).toEqual({ op: 1, d: '4' });
    expect(await peer.receiveJson()).toEqual({ op: 2 });
  });

  test('works with your own decoder', async () => {
    class Words implements Decoder.Text<{ type: string; rest: string }> {
      static readonly decodes = Decoder.text<{ type: string; rest: string }>();
      decode(text: string) {
        const [type = '', ...rest] = text.split(' ');
        return { type, rest: rest.join(' ') };
      }
    }
    @ServerEndpoint('/chat', { decoders: [Words] })
    class Room {
      @OnMessage('/me', { params: [Words] })
      me({ rest }: { rest: string }) {
        return `* ${rest}`;
      }
    }
    const peer = await connectTo(Room);
    peer.send('/me waves');
    expect(await peer.receive()).toBe('* waves');
  });

  test('warns of a type in the schema that no method handles', () => {
    const logger = collector();
    @ServerEndpoint('/chat', { codecs: [Chat] })
    class Room {
      @OnMessage('say') say() {}
    }
    new TestServer({ endpoints: [Room], logger });
    expect(logger.warnings).toEqual([
      'Room: no method handles messages of type "move", "leave", which the schema has; they are dropped. Add @OnMessage("move"), or an @OnMessage method without a type.',
    ]);
  });

  test('finds two methods for one type at deployment', () => {
    @ServerEndpoint('/chat', { codecs: [Chat] })
    class Room {
      @OnMessage('say') say() {}
      @OnMessage('say') again() {}
    }
    expect(refusal(Room)).toMatchObject({
      code: 'WS_DEPLOY_DUPLICATE_HANDLER',
      message: 'Room has more than one method with @OnMessage("say"): say and again. Keep one.',
    });
  });

  test('finds a type that the schema does not have', () => {
    @ServerEndpoint('/chat', { codecs: [Chat] })
    class Room {
      @OnMessage('sya') say() {}
    }
    expect(refusal(Room)).toMatchObject({
      code: 'WS_DEPLOY_BAD_METHOD',
      message:
        'Room.say: the schema of json has no message whose type is "sya"; it has "say", "move", "leave". Did you mean "say"?',
    });
  });

  test('finds the types of a recursive schema', () => {
    const Tree = z.object({
      type: z.literal('tree'),
      get children() {
        return z.array(Tree);
      },
    });
    @ServerEndpoint('/chat', { codecs: [json(Tree)] })
    class Room {
      @OnMessage('leaf') leaf() {}
    }
    expect(refusal(Room).message).toContain('it has "tree".');
  });

  test('leaves a schema without JSON Schema unchecked', async () => {
    @ServerEndpoint('/chat', { codecs: [json(z.object({ type: z.string(), at: z.date().optional() }))] })
    class Room {
      @OnMessage('say') say() {
        return { type: 'said' };
      }
    }
    const peer = await connectTo(Room);
    peer.send('{"type":"say"}');
    expect(await peer.receiveJson()).toEqual({ type: 'said' });
  });

  test.each([[[]], [[String]]])('requires a decoder, with params %p', (params) => {
    @ServerEndpoint('/chat')
    class Room {
      @OnMessage('say', { params } as object) say() {}
    }
    expect(refusal(Room)).toMatchObject({
      code: 'WS_DEPLOY_BAD_PARAMETER',
      message:
        'Room.say: @OnMessage("say") receives decoded objects, but no decoder makes them. Add one to the endpoint, such as codecs: [json(schema)], and let the method take its object.',
    });
  });

  test('refuses a fallback that takes the text itself', () => {
    @ServerEndpoint('/chat', { codecs: [Chat] })
    class Room {
      @OnMessage('say') say() {}
      @OnMessage text(text: string) {
        return text;
      }
    }
    expect(refusal(Room)).toMatchObject({
      code: 'WS_DEPLOY_DUPLICATE_HANDLER',
      message: expect.stringContaining('Room.text takes text messages without a decoder'),
    });
  });

  test('refuses methods that take the objects of different codecs', () => {
    const Other = json();
    @ServerEndpoint('/chat', { codecs: [Chat, Other] })
    class Room {
      @OnMessage('say', { params: [Chat] }) say(_say: Say) {}
      @OnMessage('move', { params: [Other] }) move(_move: unknown) {}
    }
    expect(refusal(Room)).toMatchObject({
      code: 'WS_DEPLOY_BAD_PARAMETER',
      message: expect.stringContaining('use one codec for all types'),
    });
  });

  test('a binary method stands beside them', async () => {
    @ServerEndpoint('/chat', { codecs: [Chat] })
    class Room {
      @OnMessage('leave') leave() {
        return { type: 'leave' };
      }
      @OnMessage bytes(bytes: Buffer) {
        return bytes;
      }
    }
    const peer = await connectTo(Room);
    peer.send(Buffer.from([1])).send('{"type":"leave"}');
    expect(await peer.receive()).toEqual(Buffer.from([1]));
    expect(await peer.receiveJson()).toEqual({ type: 'leave' });
  });
});
