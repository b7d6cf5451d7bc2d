import { OnClose, OnMessage, PongMessage, CloseReason, ServerEndpoint, type MessageHandler } from 'serval';
import { overBothEngines } from '../application';
import { Heard } from '../echo-peer';

// MessageHandler, @OnMessage and PongMessage: what arrives, and how much of it.

overBothEngines((application, engine) => {
  test('[JAVADOC:78] a MessageHandler.Partial receives each part, with a flag for the last one', async () => {
    const { session, client } = await application().openSession();
    const heard = new Heard();
    const texts: MessageHandler.Partial<string> = {
      onMessage: (part, last) => heard.add(`text ${part} ${last}`),
    };
    session.addMessageHandler(String, texts);
    session.addMessageHandler(Buffer, (part, last) => heard.add(`binary ${part.toString()} ${last}`));
    client.sayParts('a', 'b').sayParts(Buffer.from('c'), Buffer.from('d'));
    // Differs: the ws library hands over whole messages, so each one is a single part that is the last.
    const expected =
      engine === 'native'
        ? ['text a false', 'text b true', 'binary c false', 'binary d true']
        : ['text ab true', 'binary cd true'];
    expect(await heard.until(expected.length)).toEqual(expected);
  });

  test('[JAVADOC:79] a MessageHandler.Whole receives each message once it is complete', async () => {
    const { session, client } = await application().openSession();
    const heard = new Heard();
    const texts: MessageHandler.Whole<string> = { onMessage: (message) => heard.add(`text ${message}`) };
    session.addMessageHandler(String, texts);
    session.addMessageHandler(Buffer, (message) => heard.add(`binary ${message.toString()}`));
    client.sayParts('a', '', 'b').sayParts(Buffer.from('c'), Buffer.from('d')).say('');
    expect(await heard.until(3)).toEqual(['text ab', 'binary cd', 'text ']);
  });

  describe('[JAVADOC:80] maxMessageSize', () => {
    const heard = new Heard();
    @ServerEndpoint('/sized')
    class Sized {
      @OnMessage({ maxMessageSize: 4 }) text(message: string): string {
        return `text ${message}`;
      }
      @OnMessage({ maxMessageSize: 10_000 }) binary(message: Buffer): string {
        return `binary ${message.length}`;
      }
      @OnClose close(reason: CloseReason): void {
        heard.add(`close ${reason.getCloseCode().getCode()}`);
      }
    }
    @ServerEndpoint('/unsized')
    class Unsized {
      @OnMessage text(message: string): number {
        return message.length;
      }
    }

    test('counts bytes: delivers a message of that size, whole or in parts, and closes with 1009 for a larger one', async () => {
      await application().start(Sized);
      const client = await application().connect('/sized');
      client.say('abcd').say('üü').sayParts('a', 'bcd').say(Buffer.alloc(10_000));
      expect(await client.take(4)).toEqual(['text text abcd', 'text text üü', 'text text abcd', 'text binary 10000']);
      expect(await client.say('üüü').next()).toMatch(/^close 1009/);
      expect((await heard.closed()).at(-1)).toBe('close 1009');
    });

    test('counts the parts of a message together', async () => {
      await application().start(Sized);
      const client = await application().connect('/sized');
      expect(await client.sayParts('abc', 'de').next()).toMatch(/^close 1009/);
    });

    test('is unset by default: only the session’s buffer size applies', async () => {
      const server = await application().start(Unsized);
      server.container.setDefaultMaxTextMessageBufferSize(20_000);
      const client = await application().connect('/unsized');
      expect(await client.say('a'.repeat(20_000)).next()).toBe('text 20000');
    });
  });

  test('[JAVADOC:81] a PongMessage holds the application data of the pong, up to 125 bytes', async () => {
    const { session, client } = await application().openSession();
    const heard = new Heard();
    session.addMessageHandler(PongMessage, (pong) => heard.add(pong.getApplicationData().toString('hex')));
    for (const data of [Buffer.alloc(0), Buffer.from([1, 2, 3]), Buffer.alloc(125, 7)]) client.socket.pong(data);
    expect(await heard.until(3)).toEqual(['', '010203', '07'.repeat(125)]);
  });
});
