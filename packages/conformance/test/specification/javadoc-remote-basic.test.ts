import { EncodeException, Encoder, IOException, type RemoteEndpoint } from 'serval';
import { failureOf, overBothEngines } from '../application';

// RemoteEndpoint.Basic: whole messages, parts, streams and objects, as frames where frames are the point.

class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}
class PointEncoder implements Encoder.Binary<Point> {
  static readonly encodes = Encoder.binary(Point);
  encode({ x, y }: Point): Uint8Array {
    if (x < 0) throw new EncodeException(x, 'not a point');
    return Buffer.from([x, y]);
  }
}
class RomanNumber implements Encoder.Text<number> {
  static readonly encodes = Encoder.text(Number);
  encode(number: number): string {
    return 'I'.repeat(number);
  }
}

type Send = (remote: RemoteEndpoint.Basic) => Promise<void> | void;

/** The messages of a binary handler of the ws library. */
const binary = (text: string): string => `binary ${Buffer.from(text).toString('hex')}`;

overBothEngines((application) => {
  test.each<[string, Send, string]>([
    ['[JAVADOC:105] sendBinary sends a Buffer', (remote) => remote.sendBinary(Buffer.from('abc')), binary('abc')],
    [
      '[JAVADOC:105] sendBinary sends an ArrayBuffer',
      (remote) => remote.sendBinary(Uint8Array.of(0x61, 0x62).buffer),
      binary('ab'),
    ],
    [
      '[JAVADOC:105] sendBinary sends a view of an ArrayBuffer, and no more than it shows',
      (remote) => remote.sendBinary(new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2)),
      'binary 0203',
    ],
    ['[JAVADOC:112] sendText sends a text', (remote) => remote.sendText('grüße'), 'text grüße'],
    ['[JAVADOC:112] sendText sends an empty text', (remote) => remote.sendText(''), 'text '],
    ['[JAVADOC:109] sendObject sends by an encoder', (remote) => remote.sendObject(new Point(1, 2)), 'binary 0102'],
    ['[JAVADOC:109] sendObject sends a boolean as text', (remote) => remote.sendObject(false), 'text false'],
    ['[JAVADOC:109] sendObject sends a bigint as text', (remote) => remote.sendObject(-12n), 'text -12'],
    [
      '[JAVADOC:109] sendObject prefers an encoder for numbers to its own',
      (remote) => remote.sendObject(3),
      'text III',
    ],
  ])('%s as one message', async (_id, send, received) => {
    const { session, client } = await application().openSession({}, [PointEncoder, RomanNumber]);
    expect(await send(session.getBasicRemote())).toBeUndefined();
    expect(await client.next()).toBe(received);
  });

  test('[JAVADOC:109] sendObject sends numbers as text without an encoder', async () => {
    const { session, client } = await application().openSession();
    await session.getBasicRemote().sendObject(1.5);
    expect(await client.next()).toBe('text 1.5');
  });

  test.each<[string, Send]>([
    ['an encoder that fails', (remote) => remote.sendObject(new Point(-1, 0))],
    ['an object without an encoder', (remote) => remote.sendObject(new Date())],
  ])('[JAVADOC:111] sendObject fails with an EncodeException for %s', async (_what, send) => {
    const { session, client } = await application().openSession({}, [PointEncoder]);
    expect(await failureOf(() => send(session.getBasicRemote()))).toBeInstanceOf(EncodeException);
    await session.getBasicRemote().sendText('still there');
    expect(await client.next()).toBe('text still there');
  });

  test.each<[string, Send, string]>([
    [
      '[JAVADOC:107] sendBinary with isLast',
      async (remote) => {
        await remote.sendBinary(Buffer.from('ab'), false);
        await remote.sendBinary(Buffer.from(''), false);
        await remote.sendBinary(Buffer.from('c'), true);
      },
      // 0x02 binary · 0x00 continuation · 0x80 FIN+continuation
      '02026162' + '0000' + '800163',
    ],
    [
      '[JAVADOC:114] sendText with isLast',
      async (remote) => {
        await remote.sendText('ab', false);
        await remote.sendText('', false);
        await remote.sendText('c', true);
      },
      // 0x01 text · 0x00 continuation · 0x80 FIN+continuation
      '01026162' + '0000' + '800163',
    ],
    [
      '[JAVADOC:101] a stream of getSendStream',
      async (remote) => {
        const stream = remote.getSendStream();
        await stream.write(Buffer.from('a'));
        await stream.write(Buffer.from('b'));
        await stream.flush();
        await stream.write(Buffer.from('c'));
        await stream.close();
      },
      '02026162' + '800163',
    ],
    [
      '[JAVADOC:103] a writer of getSendWriter',
      async (remote) => {
        const writer = remote.getSendWriter();
        writer.append('a').append('b');
        await writer.flush();
        await writer.write('c');
        await writer.close();
      },
      '01026162' + '800163',
    ],
  ])('%s sends the parts of one message in order, and the last part ends it', async (_id, send, frames) => {
    const { session, client } = await application().openLiteralSession();
    await send(session.getBasicRemote());
    expect((await client.read(frames.length / 2)).toString('hex')).toBe(frames);
    await session.getBasicRemote().sendText('next');
    expect((await client.read(6)).toString('hex')).toBe(`8104${Buffer.from('next').toString('hex')}`);
  });

  test.each<[string, Send]>([
    ['[JAVADOC:101] a stream', (remote) => remote.getSendStream().write(Buffer.from('unfinished'))],
    ['[JAVADOC:103] a writer', (remote) => remote.getSendWriter().write('unfinished')],
  ])('%s sends its message only when it is closed', async (_id, send) => {
    const { session, client } = await application().openSession();
    await send(session.getBasicRemote());
    client.socket.ping(Buffer.from([1]));
    expect(await client.next()).toBe('pong 01');
  });

  test.each<[string, Send]>([
    ['[JAVADOC:102] getSendStream', (remote) => void remote.getSendStream()],
    ['[JAVADOC:104] getSendWriter', (remote) => void remote.getSendWriter()],
    ['[JAVADOC:106] sendBinary', (remote) => remote.sendBinary(Buffer.from('a'))],
    ['[JAVADOC:108] sendBinary of a part', (remote) => remote.sendBinary(Buffer.from('a'), false)],
    ['[JAVADOC:110] sendObject', (remote) => remote.sendObject(new Point(1, 2))],
    ['[JAVADOC:113] sendText', (remote) => remote.sendText('a')],
    ['[JAVADOC:115] sendText of a part', (remote) => remote.sendText('a', false)],
  ])('%s fails with an IOException when the connection is gone', async (_id, send) => {
    const { session, client, told } = await application().openSession({}, [PointEncoder]);
    const remote = session.getBasicRemote();
    client.end();
    await told.closed();
    expect(await failureOf(() => send(remote))).toBeInstanceOf(IOException);
  });
});
