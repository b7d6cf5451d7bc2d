import { context as pathParam } from './applications/ee-server-pathparam';
import { context as throwingCoder } from './applications/ee-throwingcoder-annotated';
import { context as message } from './applications/ee-websocketmessage';
import { context as returnType } from './applications/ee-websocketmessagereturntype';
import { TckServer } from './tck-server';
import { TckClient, testConversations, type Conversation, type Heard, type Utterance } from './tck-client';

/** One utterance and its answer. */
function says(root: string, path: string, said: Utterance, heard: Heard): Conversation {
  return { path: `${root}${path}`, says: [said], hears: [heard] };
}

describe('the payload types of a method', () => {
  const { root } = message;
  const bytes = Buffer.from('bytes');

  testConversations(
    [message],
    [
      says(root, '/primitiveint', '-2147483648', '-2147483648'),
      says(root, '/fullbytesession', '-128', '-128'),
      says(root, '/primitivelongpathparam/-1', '9223372036854775807', '9223372036854775807-1'),
      says(root, '/fullshortsessionpathparam/2', '1', '12'),
      says(root, '/primitivefloat', '-1.2345679E7', '-1.2345679E7'),
      says(root, '/fulldoublepathparam/100001', '4.9E-324', '4.9E-324100001'),
      says(root, '/primitivechar', 'E', 'Echar'),
      says(root, '/fullchar', 'E', 'E'),
      says(root, '/primitivecharsessionpathparam/y', '&', '&y'),
      says(root, '/primitivebooleanpathparam/false', 'true', 'truefalse'),
      // A variable that the template does not have.
      says(root, '/fullbooleansessionpathparam/true', 'true', 'truefalse'),
      says(root, '/stringsessionpathparam/X', 'text', 'textX'),
      ...['/reader', '/textdecodersession', '/textstreamdecoder'].map((path) => says(root, path, 'text', 'text')),
      ...['/bytearray', '/bytebuffersession', '/inputstream', '/binarydecoder', '/binarystreamdecodersession'].map(
        (path) => says(root, path, bytes, 'bytes'),
      ),
      says(root, '/inputstreampathparam/X', bytes, 'bytesX'),
      says(root, '/pongmessagesessionpathparam/X', { pong: 'beat' }, 'beatX'),
      says(root, '/partialstring', 'all', 'all(true)'),
      says(root, '/maxlen', '12345', '12345'),
      says(root, '/maxlen', '123456', { closed: 1009 }),
      says(root, '/defaultmaxlen', 'text', '-1'),
    ],
  );
});

describe('a message in two frames', () => {
  let server: TckServer;
  beforeAll(async () => (server = await TckServer.start({ contexts: [message], port: 0, host: '127.0.0.1' })));
  afterAll(() => server.stop());

  test.each([
    { path: '/partialstring', binary: false, hears: ['one(false)', 'two(true)'] },
    { path: '/partialstringsession', binary: false, hears: ['one(false)two(true)'] },
    { path: '/partialstringpathparam/X', binary: false, hears: ['one(false)X', 'two(true)X'] },
    { path: '/partialbytearray', binary: true, hears: ['one(false)', 'two(true)'] },
    { path: '/partialbytearraysessionpathparam/X', binary: true, hears: ['one(false)[X]two(true)[X]'] },
    { path: '/partialbytebufferpathparam/X', binary: true, hears: ['one(false)[X]', 'two(true)[X]'] },
    { path: '/readersession', binary: false, hears: ['onetwo'] },
    { path: '/inputstreamsession', binary: true, hears: ['onetwo'] },
  ])('$path answers each part, or everything at the end: $hears', async ({ path, binary, hears }) => {
    const client = await TckClient.open(`ws://127.0.0.1:${server.port}${message.root}${path}`);
    client.socket.send('one', { binary, fin: false });
    client.socket.send('two', { binary, fin: true });
    expect(await client.nextOf(hears.length)).toEqual(hears);
    client.socket.terminate();
  });
});

describe('the return types of a method', () => {
  const { root } = returnType;

  testConversations(
    [returnType],
    [
      says(root, '/primitiveboolean', 'true', 'true'),
      says(root, '/fullbyte', '123', '123'),
      says(root, '/primitivechar', 'A', 'A'),
      says(root, '/fulldouble', '789.012', '789.012'),
      says(root, '/primitivelong', '-32768', '-32768'),
      ...['/bytearray', '/bytebuffer', '/directbytebuffer', '/binaryencoder', '/binarystreamencoder'].map((path) =>
        says(root, path, 'text', Buffer.from('text')),
      ),
      ...['/textencoder', '/textstreamencoder'].map((path) => says(root, path, 'text', 'text')),
    ],
  );
});

describe('the exceptions of a coder', () => {
  const { root } = throwingCoder;
  const coderError = 'TCK coder exception for test';
  const ioError = 'TCK IO exception for test';
  const bytes = Buffer.from('bytes');

  testConversations(
    [throwingCoder],
    [
      ...['/textdecoder', '/textstreamdecoder'].map((path) => says(root, path, 'text', coderError)),
      ...['/binarydecoder', '/binarystreamdecoder'].map((path) => says(root, path, bytes, coderError)),
      says(root, '/iotextstreamdecoder', 'text', ioError),
      says(root, '/iobinarystreamdecoder', bytes, ioError),
      ...['', 'returning'].flatMap((prefix) => [
        ...['text', 'textstream', 'binary', 'binarystream'].map((form) =>
          says(root, `/${prefix}${form}encoder`, 'text', coderError),
        ),
        ...['text', 'binary'].map((form) => says(root, `/io${prefix}${form}streamencoder`, 'text', ioError)),
      ]),
      says(root, '/simpleecho', 'text', 'text'),
      says(root, '/simpleecho', bytes, 'bytes'),
      says(root, '/simplebin', 'text', Buffer.from('text')),
    ],
  );
});

describe('path parameters', () => {
  const { root } = pathParam;
  const operations = ['OPEN', 'MESSAGE', 'IOEXCEPTION', 'RUNTIMEEXCEPTION'];
  const eleven = Array.from({ length: 11 }, (_, index) => `p${index + 1}`);

  testConversations(
    [pathParam],
    [
      { path: `${root}/param/p1`, says: operations, hears: operations.map(() => 'p1') },
      { path: `${root}/param/${eleven.join('/')}`, says: operations, hears: operations.map(() => eleven.join('')) },
      { path: `${root}/nonused/nonused`, says: operations, hears: operations.map(() => 'null') },
      { path: `${root}/1234567890`, says: operations, hears: operations.map(() => '1234567890') },
      { path: `${root}/different/true/0`, says: operations, hears: operations.map(() => 'true0') },
      { path: `${root}/full/12.34/56.78`, says: operations, hears: operations.map(() => '12.3456.78') },
    ],
  );

  describe('of @OnClose', () => {
    let server: TckServer;
    beforeAll(async () => (server = await TckServer.start({ contexts: [pathParam], port: 0, host: '127.0.0.1' })));
    afterAll(() => server.stop());

    test('are reported by a later session', async () => {
      const open = (path: string): Promise<TckClient> => TckClient.open(`ws://127.0.0.1:${server.port}${root}${path}`);
      const teller = (await open('/onclose')).send('-1');
      expect(await teller.next()).toBe('path params has been reset');

      const leaving = await open('/full/12.34/56.78');
      leaving.socket.close(1000);
      // When the closing handshake is over, @OnClose has run.
      expect(await leaving.next()).toEqual({ closed: 1000 });
      expect(await teller.send('0').send('1').send('2').nextOf(3)).toEqual(['12.34', '56.78', '']);
      teller.socket.terminate();
    });
  });
});
