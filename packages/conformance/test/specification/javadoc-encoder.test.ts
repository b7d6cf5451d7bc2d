import {
  EncodeException,
  Encoder,
  Endpoint,
  IOException,
  OnError,
  OnMessage,
  OutputStream,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
  Writer,
  type EncoderClass,
  type EndpointConfig,
} from 'serval';
import { overBothEngines } from '../application';
import { Heard } from '../echo-peer';

// Encoder: its life, and its four forms, each for what a method returns and for sendObject.

class Word {
  constructor(readonly text: string) {}
}

/** The errors that the encoders throw, by the word that asks for one. */
const failures: Readonly<Record<string, Error>> = {
  unencodable: new EncodeException('unencodable', 'this cannot be encoded'),
  unwritable: new IOException('this cannot be written'),
};

let life = new Heard();
beforeEach(() => {
  life = new Heard();
});

function encoded({ text }: Word): string {
  const failure = failures[text];
  if (failure !== undefined) throw failure;
  return `<${text}>`;
}

abstract class Living {
  init(config: EndpointConfig): void {
    life.add(`init ${this.constructor.name} for ${(config as ServerEndpointConfig).getPath()}`);
  }
  destroy(): void {
    life.add(`close ${this.constructor.name} is destroyed`);
  }
}

class TextEncoder extends Living implements Encoder.Text<Word> {
  static readonly encodes = Encoder.text(Word);
  encode(word: Word): string {
    return encoded(word);
  }
}
class BinaryEncoder extends Living implements Encoder.Binary<Word> {
  static readonly encodes = Encoder.binary(Word);
  encode(word: Word): Buffer {
    return Buffer.from(encoded(word));
  }
}
class TextStreamEncoder extends Living implements Encoder.TextStream<Word> {
  static readonly encodes = Encoder.textStream(Word);
  async encode(word: Word, writer: Writer): Promise<void> {
    for (const character of encoded(word)) await writer.write(character);
  }
}
class BinaryStreamEncoder extends Living implements Encoder.BinaryStream<Word> {
  static readonly encodes = Encoder.binaryStream(Word);
  async encode(word: Word, stream: OutputStream): Promise<void> {
    for (const character of encoded(word)) await stream.write(Buffer.from(character));
  }
}

const caught: unknown[] = [];
beforeEach(() => caught.splice(0));

/** Sends by returning; its errors come to the error method. */
function returning(encoders: readonly EncoderClass[]): new () => object {
  @ServerEndpoint({ value: '/word', encoders })
  class Returning {
    @OnMessage take(text: string): Word {
      return new Word(text);
    }
    @OnError failed(error: Error, session: Session): void {
      caught.push(error);
      void session.getBasicRemote().sendText(error.name);
    }
  }
  return Returning;
}

class Sending extends Endpoint {
  override onOpen(session: Session): void {
    const remote = session.getBasicRemote();
    session.addMessageHandler(String, async (text) => {
      try {
        await remote.sendObject(new Word(text));
      } catch (error) {
        caught.push(error);
        await remote.sendText((error as Error).name);
      }
    });
  }
}

/** Sends by sendObject; its errors come to the caller. */
const sending = (encoders: readonly EncoderClass[]): ServerEndpointConfig =>
  ServerEndpointConfig.Builder.create(Sending, '/word').encoders(encoders).build();

const inText = (text: string): string => `text ${text}`;
const inBinary = (text: string): string => `binary ${Buffer.from(text).toString('hex')}`;

overBothEngines((application) => {
  describe.each([
    ['a return value', returning],
    ['sendObject', sending],
  ])('for %s', (_kind, deploy) => {
    test.each<[string, EncoderClass, (text: string) => string]>([
      ['[JAVADOC:56] Encoder.Binary', BinaryEncoder, inBinary],
      ['[JAVADOC:58] Encoder.BinaryStream', BinaryStreamEncoder, inBinary],
      ['[JAVADOC:61] Encoder.Text', TextEncoder, inText],
      ['[JAVADOC:63] Encoder.TextStream', TextStreamEncoder, inText],
    ])('%s encodes the object into one message', async (_id, encoder, received) => {
      await application().start(deploy([encoder]));
      const client = await application().connect('/word');
      expect(await client.say('hello').say('again').take(2)).toEqual([received('<hello>'), received('<again>')]);
    });

    test.each<[string, EncoderClass, string]>([
      ['[JAVADOC:57] EncodeException of Encoder.Binary', BinaryEncoder, 'unencodable'],
      ['[JAVADOC:59] EncodeException of Encoder.BinaryStream', BinaryStreamEncoder, 'unencodable'],
      ['[JAVADOC:60] IOException of Encoder.BinaryStream', BinaryStreamEncoder, 'unwritable'],
      ['[JAVADOC:62] EncodeException of Encoder.Text', TextEncoder, 'unencodable'],
      ['[JAVADOC:64] EncodeException of Encoder.TextStream', TextStreamEncoder, 'unencodable'],
      ['[JAVADOC:65] IOException of Encoder.TextStream', TextStreamEncoder, 'unwritable'],
    ])('passes %s on unchanged, sends nothing, and keeps the session open', async (_id, encoder, text) => {
      await application().start(deploy([encoder]));
      const client = await application().connect('/word');
      expect(await client.say(text).next()).toBe(`text ${failures[text]?.name}`);
      expect(caught).toHaveLength(1);
      expect(caught[0]).toBe(failures[text]);
      expect(await client.say('fine').next()).toMatch(/^(text <fine>|binary 3c66696e653e)$/);
    });

    test.each<[string, EncoderClass]>([
      ['[JAVADOC:54] [JAVADOC:55] Encoder.Binary', BinaryEncoder],
      ['[JAVADOC:54] [JAVADOC:55] Encoder.BinaryStream', BinaryStreamEncoder],
      ['[JAVADOC:54] [JAVADOC:55] Encoder.Text', TextEncoder],
      ['[JAVADOC:54] [JAVADOC:55] Encoder.TextStream', TextStreamEncoder],
    ])(
      '%s: init receives the endpoint’s configuration before the first message, and destroy runs after the last',
      async (_id, encoder) => {
        await application().start(deploy([encoder]));
        const client = await application().connect('/word');
        expect(life.entries).toEqual([`init ${encoder.name} for /word`]);
        await client.say('a').say('b').take(2);
        expect(life.entries).toHaveLength(1);
        await client.close();
        expect(await life.closed()).toEqual([`init ${encoder.name} for /word`, `close ${encoder.name} is destroyed`]);
      },
    );
  });
});
