import { join } from 'node:path';
import {
  CloseReason,
  Decoder,
  DeploymentException,
  Endpoint,
  IOException,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
  type EndpointClass,
} from 'serval';
import { failureOf, overBothEngines } from '../application';
import { Heard, turns } from '../echo-peer';

// Chapter 5: one instance and one call at a time for each peer, and where errors go.

overBothEngines((application, engine) => {
  test('[WSC-5.1-1] an annotated endpoint is one instance per peer', async () => {
    const instances: object[] = [];
    @ServerEndpoint('/count')
    class Counter {
      #count = 0;
      @OnOpen open(): void {
        instances.push(this);
      }
      @OnMessage next(_text: string): number {
        return (this.#count += 1);
      }
    }
    await application().start(Counter);
    const [ann, bob] = [await application().connect('/count'), await application().connect('/count')];
    expect(await ann.say('').say('').take(2)).toEqual(['text 1', 'text 2']);
    expect(await bob.say('').next()).toBe('text 1');
    expect(new Set(instances).size).toBe(2);
  });

  test('[WSC-5.1-4] no method of an instance runs while another one is running', async () => {
    const heard = new Heard();
    @ServerEndpoint('/slow')
    class Slow {
      #running = 0;
      async #slowly(what: string): Promise<void> {
        this.#running += 1;
        heard.add(`${what} ${this.#running}`);
        await turns(3);
        this.#running -= 1;
      }
      @OnOpen open(): Promise<void> {
        return this.#slowly('open');
      }
      @OnMessage text(_text: string): Promise<void> {
        return this.#slowly('text');
      }
      @OnMessage async binary(_bytes: Buffer): Promise<void> {
        await this.#slowly('binary');
        throw new Error('for @OnError');
      }
      @OnError error(_error: Error): Promise<void> {
        return this.#slowly('error');
      }
      @OnClose close(): Promise<void> {
        return this.#slowly('close');
      }
    }
    await application().start(Slow);
    const client = await application().connect('/slow');
    client
      .say('a')
      .say(Buffer.from([1]))
      .say('b');
    await client.close(1000);
    expect(await heard.closed()).toEqual(['open 1', 'text 1', 'binary 1', 'error 1', 'text 1', 'close 1']);
  });

  test('[WSC-5.1.5] delivers the parts of messages one after the other, each message before the next', async () => {
    const heard = new Heard();
    let running = 0;
    @ServerEndpoint('/parts')
    class Parts {
      async #part(part: string, last: boolean): Promise<void> {
        running += 1;
        heard.add(`${part}${last ? '.' : ''} ${running}`);
        await turns(2);
        running -= 1;
      }
      @OnMessage text(part: string, last: boolean): Promise<void> {
        return this.#part(part, last);
      }
      @OnMessage binary(part: Buffer, last: boolean): Promise<void> {
        return this.#part(part.toString(), last);
      }
    }
    await application().start(Parts);
    const client = await application().connect('/parts');
    client.sayParts('a', 'b', 'c').sayParts(Buffer.from('d'), Buffer.from('e')).sayParts('f');
    // Differs: the ws library hands over whole messages, so each one is a single part that is the last.
    const parts = engine === 'native' ? ['a', 'b', 'c.', 'd', 'e.', 'f.'] : ['abc.', 'de.', 'f.'];
    expect(await heard.until(parts.length)).toEqual(parts.map((part) => `${part} 1`));
  });

  describe('[WSC-5.2.1-1] names the reason why a valid application cannot be deployed:', () => {
    @ServerEndpoint('/sound')
    class Sound {
      @OnMessage say(text: string): string {
        return text;
      }
    }

    test('a port that is taken', async () => {
      const other = await application().start([]);
      const failure = await failureOf(() => application().start(Sound, { port: other.port }));
      expect(failure).toMatchObject({ code: 'EADDRINUSE', message: expect.stringContaining(String(other.port)) });
    });

    test('a configuration that fails while it is read', async () => {
      class Unreadable extends ServerEndpointConfig.Configurator {
        constructor() {
          super();
          throw new Error('the registry is down');
        }
      }
      @ServerEndpoint({ value: '/unreadable', configurator: Unreadable })
      class Configured {}
      const failure = await failureOf(() => application().start([Sound, Configured]));
      expect(failure).toBeInstanceOf(DeploymentException);
      expect(failure).toMatchObject({
        code: 'WS_DEPLOY_BAD_CONFIGURATOR',
        message: expect.stringContaining('Configured'),
        cause: { message: 'the registry is down' },
      });
    });
  });

  test('[WSC-5.2.1-5] start() rejects when a scan fails, and the server does not listen', async () => {
    const server = application().prepare({ scan: join(__dirname, 'fixtures/broken/*.ts') });
    const failure = await failureOf(() => server.start());
    expect(failure).toBeInstanceOf(DeploymentException);
    expect(failure).toMatchObject({
      code: 'WS_DEPLOY_DUPLICATE_PATH',
      message: expect.stringMatching(/First.*Second|Second.*First/),
    });
    expect(server.container.match('/same')).toBeUndefined();
    expect(() => server.port).toThrow('not listening');
  });

  describe('errors of user code', () => {
    class Fussy implements Decoder.Text<Date> {
      static readonly decodes = Decoder.text(Date);
      decode(text: string): Date {
        throw new TypeError(`decoder: ${text}`);
      }
    }
    @ServerEndpoint({ value: '/annotated', decoders: [Fussy] })
    class Annotated {
      @OnMessage date(_date: Date): void {}
      @OnMessage binary(bytes: Buffer): void {
        throw new Error(`handler: ${bytes.toString()}`);
      }
      @OnError failed(error: Error, session: Session): void {
        void session.getBasicRemote().sendText(error.message);
      }
    }
    class Programmatic extends Endpoint {
      override onOpen(session: Session): void {
        session.addMessageHandler(Date, () => undefined);
        session.addMessageHandler(Buffer, async (bytes) => {
          throw new Error(`handler: ${bytes.toString()}`);
        });
      }
      override onError(session: Session, error: Error): void {
        void session.getBasicRemote().sendText(error.message);
      }
    }
    const programmatic = ServerEndpointConfig.Builder.create(Programmatic, '/programmatic').decoders([Fussy]).build();

    test.each<[string, EndpointClass | ServerEndpointConfig]>([
      ['/annotated', Annotated],
      ['/programmatic', programmatic],
    ])('[WSC-5.2.2-2] of decoders and of handlers go to the error method of %s', async (path, endpoint) => {
      await application().start(endpoint);
      const client = await application().connect(path);
      client.say('today').say(Buffer.from('x')).say('again');
      expect(await client.take(3)).toEqual(['text decoder: today', 'text handler: x', 'text decoder: again']);
    });

    test('[WSC-5.2.2-1] never leave the container, whichever method throws or rejects, and do not affect other sessions', async () => {
      const escaped: unknown[] = [];
      const note = (error: unknown): void => void escaped.push(error);
      process.on('unhandledRejection', note).on('uncaughtExceptionMonitor', note);
      try {
        @ServerEndpoint('/bad/{where}')
        class Bad {
          @OnOpen open(session: Session): void {
            if (session.getPathParameters().get('where') === 'open') throw new Error('open');
          }
          @OnMessage text(text: string): void {
            throw new Error(text);
          }
          @OnMessage async binary(_bytes: Buffer): Promise<void> {
            throw new Error('binary');
          }
          @OnClose async close(): Promise<void> {
            throw new Error('close');
          }
        }
        @ServerEndpoint('/good')
        class Good {
          @OnMessage say(text: string): string {
            return text;
          }
        }
        await application().start([Bad, Good]);
        const good = await application().connect('/good');
        expect(await (await application().connect('/bad/open')).next()).toMatch(/^close 1011/);
        const bad = await application().connect('/bad/message');
        bad.say('text').say(Buffer.from([1]));
        await application().log.until(4);
        await bad.close(1000);
        const log = await application().log.until(5);
        expect(log.map((line) => line.split(' ').at(-1))).toEqual(['open', 'close', 'text', 'binary', 'close']);
        await turns();
        expect(await good.say('still here').next()).toBe('text still here');
        expect(escaped).toEqual([]);
      } finally {
        process.off('unhandledRejection', note).off('uncaughtExceptionMonitor', note);
      }
    });
  });

  test('[WSC-5.2.3-1] @OnClose reports a broken connection, and a send on it fails with an IOException', async () => {
    const heard = new Heard();
    const sessions: Session[] = [];
    @ServerEndpoint('/chat')
    class Chat {
      @OnOpen open(session: Session): void {
        sessions.push(session);
      }
      @OnClose async close(session: Session, reason: CloseReason): Promise<void> {
        const failure = await failureOf(() => session.getBasicRemote().sendText('anybody there?'));
        heard.add(`close ${reason.getCloseCode().getCode()} ${failure instanceof IOException}`);
      }
    }
    await application().start(Chat);
    const { socket } = await application().connectLiterally('/chat');
    socket.reset();
    expect(await heard.closed()).toEqual(['close 1006 true']);
  });
});
