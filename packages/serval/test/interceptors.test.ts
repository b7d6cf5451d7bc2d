import { AsyncLocalStorage } from 'node:async_hooks';
import {
  ClientEndpoint,
  connect,
  endpoint,
  Endpoint,
  IllegalStateException,
  json,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  Server,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
  type Interceptor,
} from 'serval';
import { TestServer, type TestServerOptions } from 'serval/testing';
import { afterTest, Journal, silent } from '../../testing/test/toolbox';

async function connectTo(endpoint: new () => object, options: TestServerOptions = {}) {
  const server = new TestServer({ endpoints: [endpoint], logger: silent, ...options });
  afterTest(() => server.container.stop());
  return server.connect('/chat');
}

/** An interceptor that notes what it sees, before and after the handler. */
function noting(journal: Journal, name: string): Interceptor {
  return ({ kind, method, message }, next) => {
    journal.add(`${name} ${kind} ${String(method)} ${message instanceof Error ? message.message : ''}`.trim());
    const result = next();
    journal.add(`${name} after ${kind}`);
    return result;
  };
}

describe('interceptors', () => {
  test('run around all handlers: those of the container, the endpoint and the method', async () => {
    const journal = new Journal();
    @ServerEndpoint('/chat', { interceptors: [noting(journal, 'endpoint')] })
    class Chat {
      @OnOpen open() {
        journal.add('open');
      }
      @OnMessage({ interceptors: [noting(journal, 'method 1'), noting(journal, 'method 2')] })
      say(text: string) {
        journal.add('say');
        if (text === 'fail') throw new Error('oops');
        return text;
      }
      @OnClose close() {
        journal.add('close');
      }
      @OnError failed(_error: Error) {
        journal.add('failed');
      }
    }
    const peer = await connectTo(Chat, { interceptors: [noting(journal, 'container')] });
    peer.send('hi').send('fail');
    expect(await peer.receive()).toBe('hi');
    await peer.close(1000);
    await journal.until('container after close');
    expect(journal.entries).toEqual([
      'container open open',
      'endpoint open open',
      'open',
      'endpoint after open',
      'container after open',
      'container message say',
      'endpoint message say',
      'method 1 message say',
      'method 2 message say',
      'say',
      'method 2 after message',
      'method 1 after message',
      'endpoint after message',
      'container after message',
      'container message say',
      'endpoint message say',
      'method 1 message say',
      'method 2 message say',
      'say',
      'container error failed oops',
      'endpoint error failed oops',
      'failed',
      'endpoint after error',
      'container after error',
      'container close close',
      'endpoint close close',
      'close',
      'endpoint after close',
      'container after close',
    ]);
  });

  test('may change the message and the result, and may be asynchronous', async () => {
    const shout: Interceptor = async (context, next) => {
      if (context.kind !== 'message') return next();
      context.message = String(context.message).toUpperCase();
      await Promise.resolve();
      return `${String(await next())}!`;
    };
    @ServerEndpoint('/chat', { interceptors: [shout] })
    class Chat {
      @OnMessage say(text: string) {
        return text;
      }
    }
    const peer = await connectTo(Chat);
    peer.send('hi').send('ho');
    expect(await peer.receive()).toBe('HI!');
    expect(await peer.receive()).toBe('HO!');
  });

  test('one that does not call next stops the message, and may answer instead of the handler', async () => {
    const gate: Interceptor = ({ kind, message }, next) => {
      if (kind !== 'message' || message === 'open') return next();
      return message === 'ask' ? 'no' : undefined;
    };
    @ServerEndpoint('/chat', { interceptors: [gate] })
    class Chat {
      @OnMessage say(text: string) {
        return `got ${text}`;
      }
    }
    const peer = await connectTo(Chat);
    peer.send('drop').send('ask').send('open');
    expect(await peer.receive()).toBe('no');
    expect(await peer.receive()).toBe('got open');
  });

  test('run without a handler of the kind, and see errors that nothing handles', async () => {
    const journal = new Journal();
    const errors: unknown[] = [];
    @ServerEndpoint('/chat', { interceptors: [noting(journal, 'one')] })
    class Chat {
      @OnMessage say(_text: string) {
        throw new Error('oops');
      }
    }
    const logger = { ...silent, error: (message: string) => void errors.push(message) };
    const peer = await connectTo(Chat, { logger });
    peer.send('x');
    await journal.until('one after error');
    await peer.close(1000);
    await journal.until('one after close');
    expect(journal.entries).toEqual([
      'one open undefined',
      'one after open',
      'one message say',
      'one error undefined oops',
      'one after error',
      'one close undefined',
      'one after close',
    ]);
    expect(errors).toHaveLength(1);
  });

  test('an exception goes to @OnError, and a second next() is one', async () => {
    const journal = new Journal();
    const twice: Interceptor = ({ kind }, next) => {
      if (kind !== 'message') return next();
      next();
      return next();
    };
    @ServerEndpoint('/chat', { interceptors: [twice] })
    class Chat {
      @OnMessage say(_text: string) {
        journal.add('say');
      }
      @OnError failed(error: Error) {
        journal.add(`${error instanceof IllegalStateException} ${error.message}`);
      }
    }
    const peer = await connectTo(Chat);
    peer.send('x');
    await journal.until('true An interceptor called next() twice. A handler runs once for each message.');
    expect(journal.entries[0]).toBe('say');
  });

  test('an AsyncLocalStorage that one enters reaches the handler, and what it awaits', async () => {
    const storage = new AsyncLocalStorage<string>();
    const scoped: Interceptor = ({ session }, next) => storage.run(`${session.isOpen()} 1`, next);
    @ServerEndpoint('/chat', { interceptors: [scoped] })
    class Chat {
      @OnMessage async say(_text: string) {
        await new Promise((resolve) => setImmediate(resolve));
        return storage.getStore();
      }
    }
    const peer = await connectTo(Chat);
    peer.send('x');
    expect(await peer.receive()).toBe('true 1');
  });

  test('see a typed message, and the one inside a request', async () => {
    const seen: unknown[] = [];
    const note: Interceptor = ({ kind, method, message }, next) => {
      if (kind === 'message') seen.push([method, message]);
      return next();
    };
    @ServerEndpoint('/chat', { codecs: [json(undefined, { requests: true })], interceptors: [note] })
    class Chat {
      @OnMessage('say') say() {
        return { said: true };
      }
    }
    const peer = await connectTo(Chat);
    peer.send('{"type":"say"}').send('{"id":1,"request":{"type":"say","n":2}}');
    expect(await peer.receiveJson()).toEqual({ said: true });
    expect(await peer.receiveJson()).toEqual({ replyTo: 1, reply: { said: true } });
    expect(seen).toEqual([
      ['say', { type: 'say' }],
      ['say', { type: 'say', n: 2 }],
    ]);
  });

  test('run for programmatic endpoints, endpoints of functions and clients', async () => {
    const journal = new Journal();
    class Echo extends Endpoint {
      override onOpen(session: Session): void {
        session.addMessageHandler((text) => session.send(text));
      }
    }
    const programmatic = ServerEndpointConfig.Builder.create(Echo, '/programmatic')
      .interceptors([noting(journal, 'programmatic')])
      .build();
    const functions = endpoint('/functions', {
      interceptors: [noting(journal, 'functions')],
      onText: (text) => text,
    });
    const server = new Server({ endpoints: [programmatic, functions], port: 0, logger: silent });
    await server.start();
    afterTest(() => server.stop());
    const client = await connect(`ws://localhost:${server.port}/programmatic`, {
      interceptors: [noting(journal, 'client')],
      onText: () => journal.add('received'),
    });
    await client.send('a');
    await journal.until('client after message');
    @ClientEndpoint({ interceptors: [noting(journal, 'annotated')] })
    class Annotated {
      @OnMessage text(_text: string) {}
    }
    const other = await connect(`ws://localhost:${server.port}/functions`, { endpoint: Annotated });
    await other.send('a');
    await journal.until('annotated after message');
    for (const name of ['programmatic', 'functions', 'client', 'annotated'])
      expect(journal.entries).toContain(`${name} after message`);
    await client.close();
    await other.close();
  });

  test('a list that holds no functions is refused at deployment', () => {
    @ServerEndpoint('/chat', { interceptors: ['log'] as never })
    class OfEndpoint {}
    @ServerEndpoint('/chat')
    class OfMethod {
      @OnMessage({ interceptors: {} as never }) say(_text: string) {}
    }
    const deploy = (endpoint: new () => object) => () => new TestServer({ endpoints: [endpoint], logger: silent });
    expect(deploy(OfEndpoint)).toThrow('OfEndpoint: interceptors is a list of functions (context, next); found');
    expect(deploy(OfMethod)).toThrow('OfMethod.say: interceptors is a list of functions (context, next); found');
  });
});
