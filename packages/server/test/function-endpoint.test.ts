import { once } from 'node:events';
import { createServer } from 'node:http';
import {
  Decoder,
  DeploymentException,
  Encoder,
  json,
  OnMessage,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
  type HandshakeRequest,
  type SendResult,
} from '@serval/api';
import { endpoint, Server } from '@serval/server';
import { TestServer, type TestServerOptions } from '@serval/testing';
import { connect } from '@serval/client';
import { broadcast } from '@serval/container';
import { afterTest, Journal, silent } from '../../testing/test/toolbox';

class Price {
  constructor(readonly pence: number) {}
}

class PriceEncoder implements Encoder.Text<Price> {
  static readonly encodes = Encoder.text(Price);
  encode(price: Price): string {
    return `costs ${price.pence}`;
  }
}

class PriceDecoder implements Decoder.Text<Price> {
  static readonly decodes = Decoder.text(Price);
  willDecode(text: string): boolean {
    return /^\d+$/.test(text);
  }
  decode(text: string): Price {
    return new Price(Number(text));
  }
}

class WordDecoder implements Decoder.Text<{ word: string }> {
  static readonly decodes = Decoder.text<{ word: string }>();
  decode(text: string): { word: string } {
    return { word: text };
  }
}

function serve(...endpoints: NonNullable<TestServerOptions['endpoints']>): TestServer {
  const server = new TestServer({ endpoints, logger: silent });
  afterTest(() => server.stop());
  return server;
}

describe('the handlers', () => {
  test('receive text and bytes, and their results are sent back', async () => {
    const server = serve(
      endpoint('/echo/{room}', {
        onOpen: (session) => void session.send(`Welcome to ${session.params.room}.`),
        onText: (text, session) => `${session.params.room}: ${text}`,
        onBinary: async (bytes) => bytes.subarray(1),
      }),
    );
    const peer = await server.connect('/echo/blue');
    expect(await peer.receive()).toBe('Welcome to blue.');
    peer.send('hello');
    expect(await peer.receive()).toBe('blue: hello');
    peer.send(Buffer.of(1, 2, 3));
    expect(await peer.receive()).toEqual(Buffer.of(2, 3));
  });

  interface Line {
    readonly type: 'say';
    readonly text: string;
  }

  // Mostly an empty array, which the codec would encode as well.
  test.each<[string, (line: Line, session: Session) => Promise<readonly SendResult[]>]>([
    ['a room', (line, session) => session.getContainer().to('blue').send(line)],
    ['the others of a room', (line, session) => session.to('blue').send(line)],
    ['the sessions of the endpoint', (line, session) => session.broadcast(line)],
    ['some sessions', (line, session) => broadcast(line, [session])],
    ['nobody', (line) => broadcast(line, [])],
  ])('may return the result of a send to %s, which is no reply', async (to, onMessage) => {
    const server = serve(
      endpoint('/by-codec', {
        codecs: [json<Line>()],
        onOpen: (session) => session.join('blue'),
        onMessage: (line, session) => (line.text === 'end' ? line : onMessage(line, session)),
      }),
      endpoint('/by-type', {
        codecs: [json<Line>()],
        onOpen: (session) => session.join('blue'),
        messages: { say: (line, session) => (line.text === 'end' ? line : onMessage(line, session)) },
      }),
    );
    for (const path of ['/by-codec', '/by-type']) {
      const peer = await server.connect(path);
      const [hello, end] = ['hello', 'end'].map((text) => JSON.stringify({ type: 'say', text })) as [string, string];
      peer.send(hello);
      peer.send(end);
      const received = [await peer.receive()];
      if (received[0] !== end) received.push(await peer.receive());
      const isEmpty = to === 'the others of a room' || to === 'nobody';
      expect(received).toEqual(isEmpty ? [end] : [hello, end]);
      await peer.close();
    }
  });

  test('are called on the object that holds them', async () => {
    const handlers = {
      onText(): string {
        return this === handlers ? 'same' : 'other';
      },
    };
    const server = serve(endpoint('/this', handlers));
    const peer = await server.connect('/this');
    peer.send('');
    expect(await peer.receive()).toBe('same');
  });

  test('onOpen is awaited before the first message, and onClose receives the reason', async () => {
    const journal = new Journal();
    const server = serve(
      endpoint('/slow', {
        async onOpen(session: Session<{ name: string }>) {
          await Promise.resolve();
          session.data.name = 'ann';
          journal.add('opened');
        },
        onText: (text, session) => journal.add(`${session.data.name} ${text}`),
        onClose: (reason, session) => journal.add(`closed ${reason.code} ${reason.reason} ${session.data.name}`),
      }),
    );
    const peer = await server.connect('/slow');
    peer.send('hello');
    await journal.until('ann hello');
    void peer.close(4001, 'bye');
    await journal.until('closed 4001 bye ann');
    expect(journal.entries[0]).toBe('opened');
  });

  test('onError receives the errors of the others, and the session stays open', async () => {
    const server = serve(
      endpoint('/fail', {
        onText() {
          throw new Error('no');
        },
        onBinary: async () => Promise.reject(new Error('not either')),
        onError: (error, session) => void session.send(error.message),
      }),
    );
    const peer = await server.connect('/fail');
    peer.send('x');
    expect(await peer.receive()).toBe('no');
    peer.send(Buffer.of(1));
    expect(await peer.receive()).toBe('not either');
  });

  test('onPong receives pongs', async () => {
    const journal = new Journal();
    const server = serve(
      endpoint('/pong', { onPong: (pong) => journal.add(Buffer.from(pong.getApplicationData()).toString()) }),
    );
    const peer = await server.connect('/pong');
    peer.pong(Buffer.from('tick'));
    await journal.until('tick');
  });
});

describe('onMessage', () => {
  test('receives text and bytes without decoders', async () => {
    const server = serve(
      endpoint('/any', { onMessage: (message) => (typeof message === 'string' ? 'text' : message.subarray(1)) }),
    );
    const peer = await server.connect('/any');
    peer.send('a');
    expect(await peer.receive()).toBe('text');
    peer.send(Buffer.of(1, 2));
    expect(await peer.receive()).toEqual(Buffer.of(2));
  });

  test('receives only what onText leaves', async () => {
    const server = serve(endpoint('/any', { onText: () => 'text', onMessage: () => 'other' }));
    const peer = await server.connect('/any');
    peer.send('a');
    expect(await peer.receive()).toBe('text');
    peer.send(Buffer.of(1));
    expect(await peer.receive()).toBe('other');
  });

  test('receives the object of the first decoder that accepts the message, and the encoders take its result', async () => {
    const server = serve(
      endpoint('/orders', {
        decoders: [PriceDecoder, WordDecoder],
        encoders: [PriceEncoder],
        onMessage: (message) => (message instanceof Price ? new Price(message.pence + 1) : message.word.toUpperCase()),
      }),
    );
    const peer = await server.connect('/orders');
    peer.send('3');
    expect(await peer.receive()).toBe('costs 4');
    peer.send('tea');
    expect(await peer.receive()).toBe('TEA');
  });

  test.each<[string, () => ServerEndpointConfig, RegExp]>([
    [
      'beside onText and onBinary',
      () => endpoint('/x', { onText: () => '', onBinary: () => '', onMessage: () => '' }),
      /receives nothing/,
    ],
    [
      'and onText, if a decoder makes objects of text',
      () => endpoint('/x', { decoders: [WordDecoder], onText: () => '', onMessage: () => '' }),
      /more than one method with @OnMessage for text messages: onText and onMessage/,
    ],
  ])('cannot be deployed %s', (_case, define, message) => {
    expect(() => serve(define())).toThrow(message);
  });
});

describe('the endpoint', () => {
  test('takes subprotocols, a configurator and a size', async () => {
    class Configurator extends ServerEndpointConfig.Configurator {
      override modifyHandshake(config: ServerEndpointConfig, request: HandshakeRequest): void {
        config.getUserProperties().set('agent', request.getHeaders().get('User-Agent')?.[0]);
      }
    }
    const server = serve(
      endpoint('/set', {
        subprotocols: ['v1', 'v2'],
        configurator: Configurator,
        maxMessageSize: 3,
        onText: (_text, session) => `${session.getNegotiatedSubprotocol()} ${String(session.data.agent)}`,
      }),
    );
    const peer = await server.connect('/set', { subprotocols: ['v2'], headers: { 'User-Agent': 'test' } });
    peer.send('abc');
    expect(await peer.receive()).toBe('v2 test');
    peer.send('abcd');
    expect((await peer.closed()).code).toBe(1009);
  });

  test('does not use the instance factory, which is for classes', async () => {
    const server = new TestServer({
      endpoints: [endpoint('/x', { onText: (text) => text })],
      instanceFactory: () => {
        throw new Error('not for functions');
      },
    });
    afterTest(() => server.stop());
    const peer = await server.connect('/x');
    peer.send('a');
    expect(await peer.receive()).toBe('a');
  });

  test('has its path for its name, in messages and events', async () => {
    const warnings: unknown[] = [];
    const errors: unknown[] = [];
    const logger = {
      ...silent,
      warn: (text: unknown) => warnings.push(text),
      error: (text: unknown) => errors.push(text),
    };
    const definition = endpoint('/chat/{room}', {
      onText() {
        throw new Error('no');
      },
    });
    expect(String(JSON.stringify(definition))).toContain('/chat/{room}');
    const server = new TestServer({ endpoints: [definition], logger });
    afterTest(() => server.stop());
    const peer = await server.connect('/chat/blue');
    peer.send('x');
    await peer.close();
    await server.stop();
    expect(errors).toEqual([expect.stringContaining('/chat/{room} handles no errors')]);
  });

  test('is added to a running server, and removed by its configuration or its path', async () => {
    const server = await new Server({ logger: silent }).start();
    afterTest(() => server.stop());
    const url = `ws://localhost:${server.port}/chat/blue`;
    const chat = server.container.endpoint('/chat/{room}', { onText: (text, { params }) => `${params.room}: ${text}` });
    const connection = await connect(url);
    await connection.send('hello');
    expect(await connection[Symbol.asyncIterator]().next()).toEqual({ done: false, value: 'blue: hello' });
    await connection.close();
    server.container.removeEndpoint(chat);
    await expect(connect(url)).rejects.toThrow(/404/);
    server.container.endpoint('/chat/{room}', {});
    server.container.removeEndpoint('/chat/{room}');
  });

  test('serves the upgrade of a route handler', async () => {
    const server = await new Server({ logger: silent }).start();
    afterTest(() => server.stop());
    const echo = endpoint('/{word}', { onText: (text, session) => `${session.params.word ?? ''} ${text}` });
    const http = createServer();
    http.on('upgrade', (request, socket, head) => {
      void server.container.upgradeHttpToWebSocket(request, { socket, head }, echo, { word: 'over' });
    });
    http.listen(0);
    await once(http, 'listening');
    afterTest(() => http.close());
    const address = http.address() as { port: number };
    const connection = await connect(`ws://localhost:${address.port}/anything`);
    await connection.send('here');
    expect((await connection[Symbol.asyncIterator]().next()).value).toBe('over here');
    await connection.close();
  });
});

describe('the users of one endpoint', () => {
  const byQuery = (request: HandshakeRequest) => {
    const name = request.getQueryString();
    return name === null ? null : { getName: () => name, kind: 'guest' };
  };

  test('come from its authenticate, and those of the others from that of the container', async () => {
    const guests = endpoint('/guests', {
      authenticate: byQuery,
      onText: (_text, session) => `${session.user?.getName()}, ${session.user?.kind}`,
    });
    const members = endpoint('/members', { onText: (_text, session) => session.user?.getName() ?? 'nobody' });
    const server = new TestServer({
      endpoints: [guests, members],
      authenticate: () => ({ getName: () => 'ann' }),
      logger: silent,
    });
    afterTest(() => server.stop());
    const guest = await server.connect('/guests?bob');
    expect(await guest.send('who?').receive()).toBe('bob, guest');
    const member = await server.connect('/members?bob');
    expect(await member.send('who?').receive()).toBe('ann');
  });

  test('count for its security constraint', async () => {
    const server = new TestServer({
      endpoints: [endpoint('/guests', { authenticate: byQuery, security: { rolesAllowed: ['**'] } })],
      authenticate: () => ({ getName: () => 'ann' }),
      logger: silent,
    });
    afterTest(() => server.stop());
    await expect(server.connect('/guests')).rejects.toMatchObject({ status: 401 });
    expect(await server.connect('/guests?bob')).toBeDefined();
  });

  test('come from @ServerEndpoint and from the builder in the same way', async () => {
    @ServerEndpoint('/annotated', { authenticate: byQuery })
    class Annotated {
      @OnMessage say(_text: string, session: Session) {
        return session.user?.getName();
      }
    }
    const built = ServerEndpointConfig.Builder.create(Annotated, '/built').authenticate(byQuery).build();
    const server = serve(Annotated, built);
    for (const path of ['/annotated', '/built'])
      expect(await (await server.connect(`${path}?bob`)).send('who?').receive()).toBe('bob');
  });
});

test.each<[string, () => unknown, RegExp]>([
  ['a path in the syntax of another router', () => endpoint('/chat/:room', {}), /write "\/chat\/\{room\}"/],
  ['a wildcard', () => endpoint('/chat/*', {}), /is not a wildcard here/],
  ['no path', () => endpoint({ onText: () => '' } as never, {}), /An endpoint cannot be deployed/],
  ['no handlers', () => endpoint('/x', undefined as never), /the second argument of endpoint is an object of options/],
  [
    'a handler that it does not have',
    () => endpoint('/x', { onMesage: () => '' } as never),
    /onMesage is not an option of \/x; did you mean onMessage\?/,
  ],
  ['a handler that is no function', () => endpoint('/x', { onText: 'text' } as never), /\/x\.onText is a function/],
  [
    'an instance for a configurator',
    () => endpoint('/x', { configurator: new ServerEndpointConfig.Configurator() } as never),
    /configurator is a class/,
  ],
  [
    'an authenticate that is no function',
    () => endpoint('/x', { authenticate: {} } as never),
    /authenticate is a function/,
  ],
  ['a size out of range', () => endpoint('/x', { maxMessageSize: -2 }), /maxMessageSize is a whole number/],
])('endpoint refuses %s', (_case, define, message) => {
  expect(define).toThrow(DeploymentException);
  expect(define).toThrow(message);
});
