import {
  DecodeException,
  Decoder,
  Endpoint,
  InputStream,
  IOException,
  OnError,
  OnMessage,
  Reader,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
  type DecoderClass,
  type EndpointConfig,
} from 'serval';
import { overBothEngines } from '../application';
import { Heard } from '../echo-peer';

// Decoder: its life, and its four forms, each with an annotated endpoint and with a programmatic one.

class Word {
  constructor(
    readonly text: string,
    readonly by: string,
  ) {}
}

/** The errors that the decoders throw, by the message that asks for one. */
const failures: Readonly<Record<string, Error>> = {
  undecodable: new DecodeException('undecodable', 'this cannot be decoded'),
  unreadable: new IOException('this cannot be read'),
};

let life = new Heard();
beforeEach(() => {
  life = new Heard();
});

function word(text: string, by: string): Word {
  const failure = failures[text];
  if (failure !== undefined) throw failure;
  return new Word(text, by);
}

abstract class Living {
  init(config: EndpointConfig): void {
    life.add(`init ${this.constructor.name} for ${(config as ServerEndpointConfig).getPath()}`);
  }
  destroy(): void {
    life.add(`close ${this.constructor.name} is destroyed`);
  }
}

class TextDecoder extends Living implements Decoder.Text<Word> {
  static readonly decodes = Decoder.text(Word);
  willDecode(text: string): boolean {
    return !text.startsWith('not');
  }
  decode(text: string): Word {
    return word(text, 'text');
  }
}
class BinaryDecoder extends Living implements Decoder.Binary<Word> {
  static readonly decodes = Decoder.binary(Word);
  willDecode(bytes: Buffer): boolean {
    return !bytes.toString().startsWith('not');
  }
  decode(bytes: Buffer): Word {
    return word(bytes.toString(), 'binary');
  }
}
class TextStreamDecoder extends Living implements Decoder.TextStream<Word> {
  static readonly decodes = Decoder.textStream(Word);
  async decode(reader: Reader): Promise<Word> {
    return word(await reader.readAll(), 'textStream');
  }
}
class BinaryStreamDecoder extends Living implements Decoder.BinaryStream<Word> {
  static readonly decodes = Decoder.binaryStream(Word);
  async decode(stream: InputStream): Promise<Word> {
    let all = '';
    for await (const chunk of stream) all += chunk.toString();
    return word(all, 'binaryStream');
  }
}
/** Takes what the first of a form declines. */
class SecondText implements Decoder.Text<Word> {
  static readonly decodes = Decoder.text(Word);
  decode(text: string): Word {
    return word(text, 'second');
  }
}
class SecondBinary implements Decoder.Binary<Word> {
  static readonly decodes = Decoder.binary(Word);
  decode(bytes: Buffer): Word {
    return word(bytes.toString(), 'second');
  }
}

const caught: Error[] = [];
beforeEach(() => caught.splice(0));

class Programmatic extends Endpoint {
  override onOpen(session: Session): void {
    session.addMessageHandler(Word, ({ text, by }) => session.getBasicRemote().sendText(`${text} by ${by}`));
  }
  override onError(session: Session, error: Error): void {
    caught.push(error);
    void session.getBasicRemote().sendText(error.name);
  }
}

function annotated(decoders: readonly DecoderClass[]): new () => object {
  @ServerEndpoint({ value: '/word', decoders })
  class Annotated {
    @OnMessage take({ text, by }: Word): string {
      return `${text} by ${by}`;
    }
    @OnError failed(error: Error, session: Session): void {
      caught.push(error);
      void session.getBasicRemote().sendText(error.name);
    }
  }
  return Annotated;
}

const programmatic = (decoders: readonly DecoderClass[]): ServerEndpointConfig =>
  ServerEndpointConfig.Builder.create(Programmatic, '/word').decoders(decoders).build();

type Sent = (text: string) => string | Buffer;
const asText: Sent = (text) => text;
const asBinary: Sent = (text) => Buffer.from(text);

overBothEngines((application) => {
  describe.each([
    ['annotated', annotated],
    ['programmatic', programmatic],
  ])('%s', (_kind, deploy) => {
    test.each<[string, DecoderClass, Sent, string]>([
      ['[JAVADOC:37] Decoder.Binary', BinaryDecoder, asBinary, 'binary'],
      ['[JAVADOC:40] Decoder.BinaryStream', BinaryStreamDecoder, asBinary, 'binaryStream'],
      ['[JAVADOC:43] Decoder.Text', TextDecoder, asText, 'text'],
      ['[JAVADOC:46] Decoder.TextStream', TextStreamDecoder, asText, 'textStream'],
    ])('%s decodes a message, sent whole or in parts, into the object', async (_id, decoder, sent, by) => {
      await application().start(deploy([decoder]));
      const client = await application().connect('/word');
      expect(await client.say(sent('hello')).next()).toBe(`text hello by ${by}`);
      expect(await client.sayParts(sent('he'), sent(''), sent('llo')).next()).toBe(`text hello by ${by}`);
    });

    test.each<[string, DecoderClass, Sent, string]>([
      ['[JAVADOC:38] DecodeException of Decoder.Binary', BinaryDecoder, asBinary, 'undecodable'],
      ['[JAVADOC:41] DecodeException of Decoder.BinaryStream', BinaryStreamDecoder, asBinary, 'undecodable'],
      ['[JAVADOC:42] IOException of Decoder.BinaryStream', BinaryStreamDecoder, asBinary, 'unreadable'],
      ['[JAVADOC:44] DecodeException of Decoder.Text', TextDecoder, asText, 'undecodable'],
      ['[JAVADOC:47] DecodeException of Decoder.TextStream', TextStreamDecoder, asText, 'undecodable'],
      ['[JAVADOC:48] IOException of Decoder.TextStream', TextStreamDecoder, asText, 'unreadable'],
    ])('passes %s to the error method unchanged, and the session stays open', async (_id, decoder, sent, message) => {
      await application().start(deploy([decoder]));
      const client = await application().connect('/word');
      expect(await client.say(sent(message)).next()).toBe(`text ${failures[message]?.name}`);
      expect(caught).toEqual([failures[message]]);
      expect(caught[0]).toBe(failures[message]);
      expect(await client.say(sent('fine')).next()).toMatch(/^text fine by /);
    });

    test.each<[string, DecoderClass, DecoderClass, Sent, string]>([
      ['[JAVADOC:39] Decoder.Binary', BinaryDecoder, SecondBinary, asBinary, 'binary'],
      ['[JAVADOC:45] Decoder.Text', TextDecoder, SecondText, asText, 'text'],
    ])(
      '%s decides by willDecode whether it decodes; the next one decides if it declines',
      async (_id, first, second, sent, by) => {
        await application().start(deploy([first, second]));
        const client = await application().connect('/word');
        client.say(sent('mine')).say(sent('not mine'));
        expect(await client.take(2)).toEqual([`text mine by ${by}`, 'text not mine by second']);
      },
    );

    test.each<[string, DecoderClass, Sent]>([
      ['[JAVADOC:35] [JAVADOC:36] Decoder.Binary', BinaryDecoder, asBinary],
      ['[JAVADOC:35] [JAVADOC:36] Decoder.BinaryStream', BinaryStreamDecoder, asBinary],
      ['[JAVADOC:35] [JAVADOC:36] Decoder.Text', TextDecoder, asText],
      ['[JAVADOC:35] [JAVADOC:36] Decoder.TextStream', TextStreamDecoder, asText],
    ])(
      '%s: init receives the endpoint’s configuration before the first message, and destroy runs after the last',
      async (_id, decoder, sent) => {
        await application().start(deploy([decoder]));
        const client = await application().connect('/word');
        expect(life.entries).toEqual([`init ${decoder.name} for /word`]);
        await client.say(sent('a')).say(sent('b')).take(2);
        expect(life.entries).toHaveLength(1);
        await client.close();
        expect(await life.closed()).toEqual([`init ${decoder.name} for /word`, `close ${decoder.name} is destroyed`]);
      },
    );
  });
});
