import {
  CloseReason,
  DecodeException,
  Decoder,
  Encoder,
  Endpoint,
  type EndpointConfig,
  ServerEndpointConfig,
  Session,
  type EndpointClass,
} from 'serval';
import { overBothEngines } from '../application';
import { Heard } from '../echo-peer';

// Endpoint and EndpointConfig: the calls of a programmatic endpoint, and the contents of its configuration.

const at = (endpointClass: EndpointClass): ServerEndpointConfig.Builder =>
  ServerEndpointConfig.Builder.create(endpointClass, '/chat');

class Shout {
  constructor(readonly text: string) {}
}
class ShoutDecoder implements Decoder.Text<Shout> {
  static readonly decodes = Decoder.text(Shout);
  decode(text: string): Shout {
    return new Shout(text.toUpperCase());
  }
}
class ShoutEncoder implements Encoder.Text<Shout> {
  static readonly encodes = Encoder.text(Shout);
  encode({ text }: Shout): string {
    return `${text}!`;
  }
}

overBothEngines((application) => {
  test('[JAVADOC:66] an Endpoint is created without arguments, and needs only onOpen', async () => {
    class Quiet extends Endpoint {
      override onOpen(session: Session): void {
        session.addMessageHandler(String, (text) => {
          if (text === 'throw') throw new Error('nobody handles this');
          void session.getBasicRemote().sendText(text);
        });
      }
    }
    await application().start(at(Quiet).build());
    const client = await application().connect('/chat');
    expect(await client.say('throw').say('hello').next()).toBe('text hello');
    await client.close(1000);
    // Its inherited onError hides nothing.
    expect(application().log.entries).toEqual([expect.stringContaining('nobody handles this')]);
  });

  test('[JAVADOC:69] onOpen receives a new session and its configuration', async () => {
    const told: (readonly [Session, EndpointConfig])[] = [];
    class Chat extends Endpoint {
      override onOpen(session: Session, config: EndpointConfig): void {
        told.push([session, config]);
      }
    }
    await application().start(at(Chat).subprotocols(['v1']).build());
    await application().connect('/chat');
    await application().connect('/chat');
    expect(told).toHaveLength(2);
    for (const [session, config] of told) {
      expect(session).toBeInstanceOf(Session);
      expect(config).toBeInstanceOf(ServerEndpointConfig);
      expect((config as ServerEndpointConfig).getSubprotocols()).toEqual(['v1']);
    }
    expect(told[0]?.[0]).not.toBe(told[1]?.[0]);
  });

  const ENDINGS: readonly [string, (session: Session, close: () => Promise<void>) => unknown, string][] = [
    ['the peer closes', (_session, close) => close(), '4000'],
    ['the endpoint closes', (session) => session.close(new CloseReason(4001)), '4001'],
    ['the session is idle', (session) => session.setMaxIdleTimeout(1), '1006'],
  ];
  test.each(ENDINGS)(
    '[JAVADOC:67] onClose is called before the session ends when %s, and can still read what it holds',
    async (_when, end, code) => {
      const heard = new Heard();
      const sessions: Session[] = [];
      class Chat extends Endpoint {
        override onOpen(session: Session): void {
          session.getUserProperties().set('name', 'Ann');
          sessions.push(session);
        }
        override onClose(session: Session, reason: CloseReason): void {
          const name = String(session.getUserProperties().get('name'));
          heard.add(`close ${reason.getCloseCode().getCode()} ${name} ${session.getId() === sessions[0]?.getId()}`);
        }
      }
      await application().start(at(Chat).build());
      const client = await application().connect('/chat');
      const [session] = sessions;
      if (session === undefined) throw new Error('The session was not opened.');
      await end(session, () => client.close(4000));
      expect(await heard.closed()).toEqual([`close ${code} Ann true`]);
    },
  );

  test('[JAVADOC:68] onError receives errors of handlers and of decoding', async () => {
    class Chat extends Endpoint {
      override onOpen(session: Session): void {
        session.addMessageHandler(Number, () => {
          throw new RangeError('of the handler');
        });
      }
      override onError(session: Session, error: Error): void {
        const what = error instanceof DecodeException ? `cannot decode ${error.getText()}` : error.message;
        void session.getBasicRemote().sendText(what);
      }
    }
    await application().start(at(Chat).build());
    const client = await application().connect('/chat');
    expect(await client.say('1').say('many').take(2)).toEqual(['text of the handler', 'text cannot decode many']);
  });

  test('[JAVADOC:70] [JAVADOC:71] an EndpointConfig holds the decoder and encoder classes that its sessions use', async () => {
    const told: EndpointConfig[] = [];
    class Chat extends Endpoint {
      override onOpen(session: Session, config: EndpointConfig): void {
        told.push(config);
        session.addMessageHandler(Shout, (shout) => session.getBasicRemote().sendObject(shout));
      }
    }
    await application().start(at(Chat).decoders([ShoutDecoder]).encoders([ShoutEncoder]).build());
    const client = await application().connect('/chat');
    expect(await client.say('hello').next()).toBe('text HELLO!');
    expect(told.map((config) => [config.getDecoders(), config.getEncoders()])).toEqual([
      [[ShoutDecoder], [ShoutEncoder]],
    ]);
  });

  test('[JAVADOC:72] an EndpointConfig’s user properties can be written, and reach every connection', async () => {
    class Chat extends Endpoint {
      override onOpen(session: Session, config: EndpointConfig): void {
        const counts = config.getUserProperties().get('counts') as Set<string>;
        counts.add(session.getId());
        void session.getBasicRemote().sendText(String(counts.size));
      }
    }
    const config = at(Chat).build();
    config.getUserProperties().set('counts', new Set());
    await application().start(config);
    expect(await (await application().connect('/chat')).next()).toBe('text 1');
    expect(await (await application().connect('/chat')).next()).toBe('text 2');
  });
});
