import {
  Decoder,
  DeploymentException,
  Encoder,
  Endpoint,
  OnMessage,
  OnOpen,
  PathParam,
  Server,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
  type EndpointClass,
} from 'serval';
import { failureOf, overBothEngines } from '../application';

// @ServerEndpoint and @PathParam by their attributes, and ServerContainer, which takes what they decorate.

class Word {
  constructor(readonly text: string) {}
}
/** Decodes what begins with its first letter. */
function decoderOf(letter: string): typeof AWordDecoder {
  return class extends AWordDecoder {
    override willDecode(text: string): boolean {
      return text.startsWith(letter);
    }
    override decode(text: string): Word {
      return new Word(`${letter}: ${text}`);
    }
  };
}
class AWordDecoder implements Decoder.Text<Word> {
  static readonly decodes = Decoder.text(Word);
  willDecode(_text: string): boolean {
    return true;
  }
  decode(text: string): Word {
    return new Word(`any: ${text}`);
  }
}
class Loud extends Word {}
class WordEncoder implements Encoder.Text<Word> {
  static readonly encodes = Encoder.text(Word);
  encode({ text }: Word): string {
    return `word ${text}`;
  }
}
class LoudEncoder implements Encoder.Text<Loud> {
  static readonly encodes = Encoder.text(Loud);
  encode({ text }: Loud): string {
    return `loud ${text}`;
  }
}

overBothEngines((application) => {
  test('[JAVADOC:181] @PathParam passes the variable’s value, and null for a name that the template does not have', async () => {
    @ServerEndpoint('/chat/{room}/{seat}')
    class Chat {
      @OnMessage say(
        text: string,
        @PathParam('seat') seat: number,
        @PathParam('room') room: string,
        // The compiler erases the union, so the type is named.
        @PathParam('table', String) table: string | null,
      ): string {
        return JSON.stringify([text, seat, room, table]);
      }
    }
    await application().start(Chat);
    const client = await application().connect('/chat/red/4');
    expect(await client.say('hi').next()).toBe('text ["hi",4,"red",null]');
  });

  describe('ServerContainer.addEndpoint', () => {
    @ServerEndpoint('/annotated')
    class Annotated {
      @OnMessage say(text: string): string {
        return `annotated ${text}`;
      }
    }
    class Programmatic extends Endpoint {
      override onOpen(session: Session): void {
        session.addMessageHandler(String, (text) => session.getBasicRemote().sendText(`programmatic ${text}`));
      }
    }
    const configOf = (endpointClass: EndpointClass): ServerEndpointConfig =>
      ServerEndpointConfig.Builder.create(endpointClass, '/programmatic').build();

    test.each<[string, EndpointClass | ServerEndpointConfig, string]>([
      ['[JAVADOC:184] an annotated class', Annotated, 'annotated'],
      ['[JAVADOC:186] a configuration of a programmatic endpoint', configOf(Programmatic), 'programmatic'],
    ])('deploys %s, before the server starts or later', async (_id, endpoint, name) => {
      const server = application().prepare({});
      server.container.addEndpoint(endpoint);
      await server.start();
      expect(await (await application().connect(`/${name}`)).say('hi').next()).toBe(`text ${name} hi`);
      const running = await application().start([]);
      expect(await application().ask(`/${name}`)).toMatchObject({ status: 404 });
      running.container.addEndpoint(endpoint);
      expect(await (await application().connect(`/${name}`)).say('hi').next()).toBe(`text ${name} hi`);
    });

    class NotAnnotated {
      say(text: string): string {
        return text;
      }
    }
    @ServerEndpoint('/twice')
    class TwoOpens {
      @OnOpen one(): void {}
      @OnOpen two(): void {}
    }
    class BadCodec {}
    test.each<[string, EndpointClass | ServerEndpointConfig, string]>([
      ['[JAVADOC:185] a class without annotation', NotAnnotated, 'WS_DEPLOY_NOT_AN_ENDPOINT'],
      ['[JAVADOC:185] a class with two @OnOpen methods', TwoOpens, 'WS_DEPLOY_DUPLICATE_HANDLER'],
      [
        '[JAVADOC:187] a configuration of a class that is no endpoint',
        configOf(NotAnnotated),
        'WS_DEPLOY_NOT_AN_ENDPOINT',
      ],
      [
        '[JAVADOC:187] a configuration with a class that is no encoder',
        ServerEndpointConfig.Builder.create(Programmatic, '/programmatic')
          .encoders([BadCodec as never])
          .build(),
        'WS_DEPLOY_BAD_CODEC',
      ],
    ])('throws a DeploymentException for %s', async (_id, endpoint, code) => {
      const server: Server = await application().start([]);
      const failure = await failureOf(() => server.container.addEndpoint(endpoint));
      expect(failure).toBeInstanceOf(DeploymentException);
      expect(failure).toMatchObject({ code });
      for (const path of ['/twice', '/programmatic'])
        expect(await application().ask(path)).toMatchObject({ status: 404 });
    });
  });

  describe('@ServerEndpoint', () => {
    test('[JAVADOC:188] configurator is created once per endpoint; by default it is the container’s own', async () => {
      const made: object[] = [];
      class Mine extends ServerEndpointConfig.Configurator {
        constructor() {
          super();
          made.push(this);
        }
      }
      @ServerEndpoint({ value: '/one', configurator: Mine })
      class One {}
      @ServerEndpoint({ value: '/two', configurator: Mine })
      class Two {}
      @ServerEndpoint('/three')
      class Three {}
      const { container } = await application().start([One, Two, Three]);
      for (const path of ['/one', '/one', '/two', '/three']) await application().connect(path);
      expect(made).toHaveLength(2);
      const configuratorAt = (path: string) => container.match(path)?.target.config.getConfigurator();
      expect([configuratorAt('/one'), configuratorAt('/two')]).toEqual(made);
      const own = new ServerEndpointConfig.Configurator().getContainerDefaultConfigurator();
      expect(configuratorAt('/three')).toBe(own);
    });

    test('[JAVADOC:189] tries decoders in order and uses the first one that will decode', async () => {
      @ServerEndpoint({ value: '/word', decoders: [decoderOf('a'), decoderOf('ab'), AWordDecoder] })
      class Words {
        @OnMessage take({ text }: Word): string {
          return text;
        }
      }
      await application().start(Words);
      const client = await application().connect('/word');
      client.say('abc').say('bcd');
      expect(await client.take(2)).toEqual(['text a: abc', 'text any: bcd']);
    });

    test.each<[readonly (typeof WordEncoder | typeof LoudEncoder)[], string]>([
      [[LoudEncoder, WordEncoder], 'loud'],
      [[WordEncoder, LoudEncoder], 'word'],
    ])(
      '[JAVADOC:190] encoders are tried in their order, and the first that takes the object encodes (%#)',
      async (encoders, by) => {
        @ServerEndpoint({ value: '/word', encoders })
        class Words {
          @OnMessage take(text: string): Word {
            return text === 'loud' ? new Loud('a') : new Word('a');
          }
        }
        await application().start(Words);
        const client = await application().connect('/word');
        client.say('loud').say('quiet');
        expect(await client.take(2)).toEqual([`text ${by} a`, 'text word a']);
      },
    );

    test('[JAVADOC:191] subprotocols are those that the endpoint supports', async () => {
      @ServerEndpoint({ value: '/chat', subprotocols: ['superchat', 'chat'] })
      class Chat {}
      await application().start(Chat);
      for (const [offered, agreed] of [
        [['chat'], 'chat'],
        [['other', 'superchat'], 'superchat'],
      ] as const)
        expect((await application().connect('/chat', { subprotocols: offered })).socket.protocol).toBe(agreed);
    });

    test('[JAVADOC:192] value is a path or a template below the context path, and begins with a slash', async () => {
      @ServerEndpoint('/chat')
      class Chat {}
      @ServerEndpoint('/booking/{privilege-level}')
      class Booking {
        @OnOpen async open(session: Session, @PathParam('privilege-level') level: string): Promise<void> {
          await session.getBasicRemote().sendText(level);
        }
      }
      await application().start([Chat, Booking], { contextPath: '/app' });
      await application().connect('/app/chat');
      expect(await (await application().connect('/app/booking/gold')).next()).toBe('text gold');
      // Differs: a slash at the end makes another path, as in Tomcat.
      for (const target of ['/chat', '/booking/gold', '/app/chat/'])
        expect(await application().ask(target)).toMatchObject({ status: 404 });
      @ServerEndpoint('chat')
      class NoSlash {}
      expect(await failureOf(() => application().start(NoSlash))).toMatchObject({ code: 'WS_DEPLOY_BAD_PATH' });
    });
  });
});
