import {
  CloseReason,
  Endpoint,
  IllegalStateException,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  PongMessage,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
} from 'serval';
import { overBothEngines } from '../application';
import { Heard } from '../echo-peer';

// Chapter 2: what an endpoint, a session and a container are to each other.

overBothEngines((application) => {
  test('[WSC-2.1.1-1] a programmatic endpoint is one instance per connected peer', async () => {
    const instances: object[] = [];
    class Counter extends Endpoint {
      #heard = 0;
      override onOpen(session: Session): void {
        instances.push(this);
        session.addMessageHandler(String, () => session.getBasicRemote().sendText(String((this.#heard += 1))));
      }
    }
    await application().start(ServerEndpointConfig.Builder.create(Counter, '/count').build());
    const ann = await application().connect('/count');
    const bob = await application().connect('/count');
    expect(await ann.say('a').say('b').take(2)).toEqual(['text 1', 'text 2']);
    expect(await bob.say('a').next()).toBe('text 1');
    expect(new Set(instances).size).toBe(2);
  });

  test('[WSC-2.1.2-1] one Session represents a peer from the open notification to the close notification', async () => {
    const heard = new Heard();
    const sessions = new Map<Session, string>();
    const nameOf = (session: Session): string => {
      if (!sessions.has(session)) sessions.set(session, `session ${sessions.size + 1}`);
      return sessions.get(session) ?? '';
    };
    @ServerEndpoint('/chat')
    class Chat {
      @OnOpen open(session: Session): void {
        heard.add(`open ${nameOf(session)}`);
      }
      @OnMessage say(text: string, session: Session): string {
        heard.add(`${text} ${nameOf(session)}`);
        return text;
      }
      @OnClose close(session: Session): void {
        heard.add(`close ${nameOf(session)}`);
      }
    }
    await application().start(Chat);
    const ann = await application().connect('/chat');
    await ann.say('hello').say('again').take(2);
    await ann.close(1000);
    const bob = await application().connect('/chat');
    await bob.close(1000);
    expect(await heard.until(6)).toEqual([
      'open session 1',
      'hello session 1',
      'again session 1',
      'close session 1',
      'open session 2',
      'close session 2',
    ]);
  });

  test('[WSC-2.1.2-3] after @OnClose the methods of a session throw, and no later session has its id or data', async () => {
    const opened: Session[] = [];
    const heard = new Heard();
    @ServerEndpoint('/chat')
    class Chat {
      @OnOpen open(session: Session): void {
        heard.add(`${session.getUserProperties().size} properties`);
        session.getUserProperties().set('name', 'Ann');
        opened.push(session);
      }
      @OnClose close(): void {
        heard.add('close');
      }
    }
    const server = await application().start(Chat);
    for (let round = 1; round <= 3; round += 1) {
      await (await application().connect('/chat')).close();
      await heard.until(round * 2);
    }
    await server.stop();
    expect(heard.entries.filter((entry) => entry !== 'close')).toEqual(Array(3).fill('0 properties'));
    expect(new Set(opened.map((session) => session.getId())).size).toBe(3);
    for (const session of opened) {
      expect(session.isOpen()).toBe(false);
      expect(() => session.getUserProperties()).toThrow(IllegalStateException);
    }
  });

  test('[WSC-2.1.3-1] a session has one handler each for text, binary and pong messages, and each receives its own type', async () => {
    class Three extends Endpoint {
      override onOpen(session: Session): void {
        const say = (text: string): Promise<void> => session.getBasicRemote().sendText(text);
        session.addMessageHandler(String, (text) => say(`text ${text}`));
        session.addMessageHandler(Buffer, (bytes) => say(`binary ${bytes.toString('hex')}`));
        session.addMessageHandler(PongMessage, (pong) => say(`pong ${pong.getApplicationData().toString('hex')}`));
        for (const type of [Buffer, String, PongMessage]) {
          expect(() => session.addMessageHandler(type as typeof Buffer, () => undefined)).toThrow(
            IllegalStateException,
          );
        }
      }
    }
    await application().start(ServerEndpointConfig.Builder.create(Three, '/three').build());
    const client = await application().connect('/three');
    client.say('a').say(Buffer.from([1, 2]));
    client.socket.pong(Buffer.from([3]));
    expect(await client.take(3)).toEqual(['text text a', 'text binary 0102', 'text pong 03']);
  });

  test('[WSC-2.1.7-1] all sessions of an application share one container and its settings', async () => {
    const containers = new Set<unknown>();
    const texts: number[] = [];
    const open = (session: Session): void => {
      containers.add(session.getContainer());
      texts.push(session.getMaxTextMessageBufferSize());
    };
    @ServerEndpoint('/one')
    class One {
      @OnOpen open(session: Session): void {
        open(session);
      }
    }
    class Two extends Endpoint {
      override onOpen(session: Session): void {
        open(session);
      }
    }
    const server = await application().start([One, ServerEndpointConfig.Builder.create(Two, '/two').build()]);
    server.container.setDefaultMaxTextMessageBufferSize(123);
    for (const path of ['/one', '/one', '/two']) await application().connect(path);
    expect([...containers]).toEqual([server.container]);
    expect(texts).toEqual([123, 123, 123]);
  });

  test('[WSC-2.2.2-1] @OnOpen runs for a new connection, @OnClose for a closed one', async () => {
    const heard = new Heard();
    @ServerEndpoint('/chat')
    class Chat {
      @OnOpen open(): void {
        heard.add('open');
      }
      @OnClose close(reason: CloseReason): void {
        heard.add(`close ${reason.getCloseCode().getCode()}`);
      }
    }
    await application().start(Chat);
    const client = await application().connect('/chat');
    expect(await heard.until(1)).toEqual(['open']);
    await client.close(4001, 'bye');
    expect(await heard.until(2)).toEqual(['open', 'close 4001']);
  });

  test('[WSC-2.2.3-1] @OnMessage marks the methods that receive messages, by type', async () => {
    @ServerEndpoint('/chat')
    class Chat {
      @OnMessage text(message: string): string {
        return `text ${message}`;
      }
      @OnMessage binary(message: Buffer): string {
        return `binary ${message.toString('hex')}`;
      }
      notAnnotated(message: string): string {
        return `never ${message}`;
      }
    }
    await application().start(Chat);
    const client = await application().connect('/chat');
    expect(
      await client
        .say('a')
        .say(Buffer.from([7]))
        .take(2),
    ).toEqual(['text text a', 'text binary 07']);
  });

  test('[WSC-2.2.4-1] @OnError receives decoding errors, and the session stays open', async () => {
    @ServerEndpoint('/double')
    class Doubler {
      @OnMessage double(value: number): number {
        return value * 2;
      }
      @OnError failed(error: Error, session: Session): void {
        void session.getBasicRemote().sendText(error.name);
      }
    }
    await application().start(Doubler);
    const client = await application().connect('/double');
    expect(await client.say('many').say('4').take(2)).toEqual(['text DecodeException', 'text 8']);
  });

  test('[WSC-2.2.5-1] answers a ping with a pong of the same data, even while a handler is busy', async () => {
    const heard = new Heard();
    let finish: () => void = () => undefined;
    @ServerEndpoint('/busy')
    class Busy {
      @OnMessage work(_text: string): Promise<string> {
        heard.add('busy');
        return new Promise((resolve) => (finish = () => resolve('done')));
      }
    }
    await application().start(Busy);
    const client = await application().connect('/busy');
    client.socket.ping(Buffer.from([1, 2, 3]));
    expect(await client.next()).toBe('pong 010203');
    client.say('work');
    await heard.until(1);
    client.socket.ping(Buffer.alloc(0));
    client.socket.ping(Buffer.alloc(125, 9));
    expect(await client.take(2)).toEqual(['pong', `pong ${'09'.repeat(125)}`]);
    finish();
    expect(await client.next()).toBe('text done');
  });
});
