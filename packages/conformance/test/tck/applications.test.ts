import { contexts } from './applications';
import { context as clientEndpoint } from './applications/ee-clientendpoint';
import { context as clientEndpointConfig } from './applications/ee-clientendpointconfig';
import { context as clientOnMessage } from './applications/ee-clientendpointonmessage';
import { context as clientReturnType } from './applications/ee-clientendpointreturntype';
import { context as coder } from './applications/ee-coder';
import { context as providerOfLibrary } from './applications/ee-containerprovider-metainf';
import { context as provider } from './applications/ee-containerprovider-vi';
import { context as endpointClient } from './applications/ee-endpoint-client';
import { context as endpointServer } from './applications/ee-endpoint-server';
import { context as programmaticCoder } from './applications/ee-programaticcoder';
import { context as remoteAsync } from './applications/ee-remoteendpoint-async';
import { context as remoteBasic } from './applications/ee-remoteendpoint-basic';
import { context as userCoderAsync } from './applications/ee-remoteendpoint-usercoder-async';
import { context as userCoderHandler } from './applications/ee-remoteendpoint-usercoder-asyncwithhandler';
import { context as userCoderBasic } from './applications/ee-remoteendpoint-usercoder-basic';
import { context as session } from './applications/ee-session';
import { context as session11Client } from './applications/ee-session11-client';
import { context as session11Server } from './applications/ee-session11-server';
import { context as sessionException } from './applications/ee-sessionexception';
import { context as addEndpoint } from './applications/spec-servercontainer-addendpoint';
import { context as sessionId } from './applications/spec-session-sessionid';
import { TckServer } from './tck-server';
import { TckClient, testConversations, type Conversation, type Heard, type Utterance } from './tck-client';

/** The messages to an endpoint, and its answers. */
function talk(path: string, says: Utterance | Utterance[], hears: Heard | Heard[]): Conversation {
  return { path, says: [says].flat(), hears: [hears].flat() };
}

const bytes = (text: string): Buffer => Buffer.from(text);

test('every application deploys, each with its own context root', async () => {
  const server = await TckServer.start({ contexts, port: 0, host: '127.0.0.1' });
  await server.stop();
  expect(contexts).toHaveLength(40);
  expect(new Set(contexts.map(({ root }) => root)).size).toBe(40);
});

describe('servers of client tests', () => {
  testConversations(
    [clientEndpoint, clientEndpointConfig, clientOnMessage, clientReturnType, endpointClient, sessionException],
    [
      talk('/wsc_ee_clientendpoint_web/echo', 'hello', 'hello'),
      {
        path: '/wsc_ee_clientendpoint_web/subprotocol',
        subprotocols: ['MBLWS.huawei.com', 'soap'],
        says: ['NEGOTIATED'],
        hears: ['{MBLWS.huawei.com}'],
      },
      talk('/wsc_ee_endpoint_client_web/echo', 'hello', 'hello'),
      talk('/ws_ee_clientendpointconfig_web/TCKTestServer', 'hello', [
        '========TCKTestServer opened',
        '========session from Server is open=TRUE',
        '========TCKTestServer received String:hello|',
        '========TCKTestServer: subProtocol==|',
        '========TCKTestServer: Extension size=0|',
        '========TCKTestServer: getEncoders() returned encoders size=0|',
        '========TCKTestServer: EndpointConfig.getDecoders() returned decoders size=0|',
      ]),
      ...['TEXT', 'TEXTPARTIAL'].map((form) =>
        talk(
          `/ws_ee_clientendpointonmessage_web/srv/${form}`,
          ['a_b', bytes('c'), 'd'],
          ['a_b', 'c', { closed: 1000 }],
        ),
      ),
      ...['BINARY', 'BINARYPARTIAL'].map((form) =>
        talk(`/ws_ee_clientendpointonmessage_web/srv/${form}`, 'a_b_c', bytes('a_b_c')),
      ),
      talk('/ws_ee_clientendpointonmessage_web/srv/PONG', 'beat', { pong: 'beat' }),
      talk('/wsc_ee_clientendpointreturntype_web/srv', ['1', bytes('2'), '3'], ['1', '2', { closed: 1000 }]),
      talk('/ws_sessionexception_web/TCKTestServer', 'hello', [
        '========TCKTestServer opened',
        '========session from Server is open=TRUE',
        '========TCKTestServer received String:hello',
        '========TCKTestServer responds, please close your session',
      ]),
    ],
  );
});

describe.each([
  ['annotated', coder],
  ['programmatic', programmaticCoder],
])('coders of %s endpoints', (_, context) => {
  const { root } = context;
  testConversations(
    [context],
    [
      ...['/textdecoder', '/textstreamdecoder', '/textwilldecode', '/textencoder', '/textstreamencoder'].map((path) =>
        talk(root + path, 'bean', 'bean'),
      ),
      ...['/binarydecoder', '/binarystreamdecoder', '/binarywilldecode', '/simpleecho'].map((path) =>
        talk(root + path, bytes('bean'), 'bean'),
      ),
      ...['/binaryencoder', '/binarystreamencoder', '/simplebin'].map((path) =>
        talk(root + path, 'bean', bytes('bean')),
      ),
    ],
  );

  test('[WSC-4.1.3-2] the log has the Java names of the decoders that were tried and of the one that decoded', async () => {
    const server = await TckServer.start({ contexts: [context], port: 0, host: '127.0.0.1' });
    const logger = await TckClient.open(`ws://127.0.0.1:${server.port}${root}/logger`);
    expect(await logger.send('clearall').next()).toBe('clearall');

    const client = await TckClient.open(`ws://127.0.0.1:${server.port}${root}/textwilldecode`);
    expect(await client.send('bean').next()).toBe('bean');
    const coders = 'ee.jakarta.tck.websocket.ee.coder';
    expect(await logger.send('getwillcode').next()).toBe(
      `${coders}.WillDecodeFirstTextDecoder ${coders}.WillDecodeSecondTextDecoder `,
    );
    expect(await logger.send('getcode').next()).toBe(`${coders}.WillDecodeSecondTextDecoder `);
    logger.send('clearcode').send('getcode');
    expect(await logger.nextOf(2)).toEqual(['clearcode', '']);
    await server.stop();
  });
});

describe('the container provider', () => {
  testConversations(
    [providerOfLibrary, provider],
    [
      talk(
        '/wsc_ee_containerprovider_metainf_web/srv',
        ['anything', 'again'],
        [
          'ee.jakarta.tck.websocket.ee.containerprovider.metainf.TCKWebSocketContainer',
          'ee.jakarta.tck.websocket.ee.containerprovider.metainf.TCKWebSocketContainer',
        ],
      ),
      talk('/wsc_ee_containerprovider_vi_web/srv', 'anything', 'true'),
    ],
  );
});

describe('programmatic endpoints', () => {
  test.each([
    ['/error', 'TCK test throwable'],
    ['/close', '@OnClose'],
  ])('%s stores its message for /msg', async (path, word) => {
    const server = await TckServer.start({ contexts: [endpointServer], port: 0, host: '127.0.0.1' });
    const url = `ws://127.0.0.1:${server.port}${endpointServer.root}`;
    const messages = await TckClient.open(`${url}/msg`);
    expect(await messages.send('reset').next()).toBe('empty');

    const client = await TckClient.open(`${url}${path}`);
    expect(await client.send('anything').next()).toBe('anything');
    client.socket.close();
    await client.next();
    expect(await messages.send('lastmsg').next()).toBe(word);
    await server.stop();
  });
});

describe.each([
  ['Basic', remoteBasic],
  ['Async', remoteAsync],
])('RemoteEndpoint.%s', (_, context) => {
  const { root } = context;
  testConversations(
    [context],
    [
      talk(`${root}/client`, ['text', bytes('bytes'), { pong: 'beat' }], ['text', 'bytes', 'beat']),
      talk(`${root}/server`, 'poke', 'POKE'),
      talk(`${root}/server`, 'SENDBINARY', [bytes('SENDBINARY'), 'OK']),
      talk(`${root}/server`, 'SENDTEXT', ['SENDTEXT', 'OK']),
      talk(`${root}/server`, 'SENDOBJECT', ['SENDOBJECT', 'OK']),
      talk(`${root}/server`, 'BATCHING_ALLOWED', ['BATCHING_ALLOWED', 'OK']),
      talk(`${root}/server`, 'SEND_PONG', [{ pong: 'SEND_PONG' }, 'OK']),
      talk(`${root}/server`, 'SEND_PING', ['OK', 'SEND_PING']), // our client answers with a pong, which the server sends
      talk(`${root}/server`, 'IDLE', 'IDLE'),
      ...Object.entries({
        BOOL: 'false',
        BYTE: '-100',
        SHORT: '-101',
        INT: '-102',
        LONG: '-103',
        FLOAT: '-104.0',
        DOUBLE: '-105.0',
        CHAR: 'j',
      }).map(([type, text]) => talk(`${root}/server`, `SENDOBJECT_${type}`, [text, 'OK'])),
      ...['SENDBINARYTHROWS', 'SENDTEXTTHROWS', 'SENDOBJECTTHROWS', 'SEND_PING_THROWS', 'SEND_PONG_THROWS'].map(
        (name) => talk(`${root}/server`, name, 'OK'),
      ),
    ],
  );
});

describe('methods that only one kind of remote endpoint has', () => {
  const [basic, async] = [remoteBasic.root, remoteAsync.root];
  testConversations(
    [remoteBasic, remoteAsync],
    [
      talk(`${basic}/server`, 'SENDTEXTPART1', ['SENDTEXTPART1SENDTEXTPART2SENDTEXTPART3', 'OK']),
      talk(`${basic}/server`, 'SENDBINARYPART1', [bytes('SENDBINARYPART1SENDBINARYPART2SENDBINARYPART3'), 'OK']),
      talk(`${basic}/server`, 'SENDSTREAM', [bytes('SENDSTREAM'), 'OK']),
      talk(`${basic}/server`, 'SENDWRITER', ['SENDWRITER', 'OK']),
      talk(`${basic}/server`, 'SENDOBJECTTHROWSENCODEEEXCEPTION', 'OK'),
      talk(`${async}/server`, 'TIMEOUT', 'OK'),
      talk(`${async}/server`, 'SENDBINARYHANDLER', [bytes('SENDBINARYHANDLER'), 'OK']),
      talk(`${async}/server`, 'SENDTEXTHANDLER', ['SENDTEXTHANDLER', 'OK']),
      talk(`${async}/server`, 'SENDOBJECTHANDLER', ['SENDOBJECTHANDLER', 'OK']),
      ...['BINARY', 'TEXT', 'OBJECT'].flatMap((type) =>
        ['DATA', 'HANDLER'].map((what) => talk(`${async}/server`, `SEND${type}HANDLERTHROWSON${what}`, 'OK')),
      ),
      talk(`${async}/throwing`, 'SENDOBJECTEXECUTIONEXCEPTION', 'OK'),
      talk(`${async}/throwing`, 'SENDOBJECTHANDLEREXECUTIONEXCEPTION', 'OK'),
    ],
  );
});

describe.each([
  ['Basic', userCoderBasic],
  ['Async', userCoderAsync],
  ['Async with a SendHandler', userCoderHandler],
])("encoders that replace the container's own, sent with %s", (_, context) => {
  const coded = 'Anything that should have been coded has been coded into this';
  const { root } = context;
  testConversations(
    [context],
    [
      ...['BOOL', 'CHAR', 'BYTE', 'SHORT', 'INT', 'LONG', 'FLOAT', 'DOUBLE'].flatMap((type) => [
        talk(`${root}/text`, type, coded),
        talk(`${root}/binarystream`, type, bytes(coded)),
      ]),
      talk(`${root}/textstream`, ['BOOL', 'LONG'], [coded, coded]),
      talk(`${root}/binary`, ['CHAR', 'LONG'], [bytes(coded), bytes(coded)]),
      talk(`${root}/echo`, bytes('hello'), 'hello'),
    ],
  );
});

describe.each([
  ['a list', session],
  ['addEndpoint', addEndpoint],
])('the session of endpoints deployed by %s', (_, context) => {
  const { root } = context;
  const opened = ['========TCKTestServer opened', '========session from Server is open=TRUE'];
  testConversations(
    [context],
    [
      talk(`${root}/TCKTestServer`, 'testName=isOpenTest', [
        ...opened,
        '========TCKTestServer received String: testName=isOpenTest',
        '========session from Server is still open=TRUE',
      ]),
      talk(`${root}/TCKTestServer`, 'testName=close2Test', [...opened, { closed: 1009 }]),
      talk(`${root}/TCKTestServer?test1=value1&test2=value2&test3=value3`, 'testName=getQueryStringTest', [
        ...opened,
        '========TCKTestServer received String: testName=getQueryStringTest',
        '========TCKTestServer: expected Query String returnedtest1=value1&test2=value2&test3=value3',
      ]),
      talk(`${root}/TCKTestServer`, 'testName=getOpenSessionsTest', [
        ...opened,
        '========TCKTestServer received String Message: ',
        'testName=getOpenSessionsTest',
        '========getOpenSessions=1',
        '========TCKTestServer responded',
      ]),
      talk(`${root}/TCKTestServer`, bytes('hello'), [
        ...opened,
        bytes('========TCKTestServer received ByteBuffer: '),
        bytes('hello'),
        bytes('========TCKTestServer responds: Message in bytes'),
      ]),
      talk(`${root}/TCKTestServerString`, 'hello', [
        '========TCKTestServerString opened',
        '========TCKTestServerString received String: hello',
        '========TCKTestServerString responds',
      ]),
      talk(`${root}/TCKTestServerByte`, bytes('hello'), [
        bytes('========TCKTestServerByte opened'),
        bytes(
          '========TCKTestServerByte received ByteBuffer: hello========TCKTestServerByte responds: Message in bytes',
        ),
      ]),
      talk(`${root}/TCKTestServerPathParam/test1/test2=xyz`, 'hello', [
        '========WSTestServerPathParam opened',
        '========WSTestServerPathParam received String: hello',
        '========WSTestServerPathParam: pathparams returned;param1=test1;param2=test2=xyz',
      ]),
      ...['WSCloseTestServer', 'WSCloseTestServer1', 'WSCloseTestServer2'].map((name) =>
        talk(`${root}/${name}`, 'testName=close1Test', [
          `========${name} opened`,
          `========session from ${name} is open=TRUE`,
          `========${name} received String: testName=close1Test`,
          { closed: 1000 },
        ]),
      ),
    ],
  );
});

test('the id of a session is unique and never changes', async () => {
  const server = await TckServer.start({ contexts: [sessionId], port: 0, host: '127.0.0.1' });
  const idsOf = async (): Promise<Heard[]> => {
    const client = await TckClient.open(`ws://127.0.0.1:${server.port}${sessionId.root}/TCKTestServer`);
    client.send('testName=getId1Test').send('testName=getId1Test');
    return (await client.nextOf(6)).filter((heard) => String(heard).includes('getId='));
  };
  const [one, two] = [await idsOf(), await idsOf()];
  expect(one).toEqual([one[0], one[0]]);
  expect(two).toEqual([two[0], two[0]]);
  expect(one[0]).not.toEqual(two[0]);
  await server.stop();
});

describe('addMessageHandler', () => {
  const { root } = session11Server;
  testConversations(
    [session11Client, session11Server],
    [
      talk(`${session11Client.root}/echo`, 'hello', 'Text Server says:hello'),
      talk(`${session11Client.root}/binecho`, bytes('hello'), bytes('Binary Server says:hello')),
      ...Object.entries({
        '/string_whole': 'StringWholeMessageHandler',
        '/string_partial': 'StringPartialMessageHandler',
        '/reader': 'ReaderMessageHandler',
        '/stringbean': 'StringBeanMessageHandler',
        '/stringbeanstream': 'StringBeanMessageHandler',
        '/list_text': 'StringListWholeMessageHandler',
        '/linkedlist_hashset_text': 'LinkedListHashSetMessageHandler',
        '/annotatedtext': 'StringBeanMessageHandler',
        '/exception': 'StringPartialMessageHandler',
      }).map(([path, handler]) => talk(root + path, 'hello', `${handler} says: hello`)),
      ...Object.entries({
        '/bytebuffer_whole': 'ByteBufferMessageHandler',
        '/bytebuffer_partial': 'ByteBufferPartialMessageHandler',
        '/bytearray_whole': 'ByteArrayMessageHandler',
        '/bytearray_partial': 'ByteArrayPartialMessageHandler',
        '/inputstream': 'InputStreamMessageHandler',
        '/stringbeanbinary': 'StringBeanMessageHandler',
        '/stringbeanbinarystream': 'StringBeanMessageHandler',
        '/annotatedbinary': 'StringBeanMessageHandler',
        '/exception': 'InputStreamMessageHandler',
      }).map(([path, handler]) => talk(root + path, bytes('hello'), `${handler} says: hello`)),
      talk(`${root}/pong`, { pong: 'beat' }, 'PongMessageHandler says: beat'),
    ],
  );

  test.each([['STRING_PARTIAL'], [bytes('INPUTSTREAM')], [{ pong: 'PONG' }]])(
    'throws for a second handler of the type of %j',
    async (said: Utterance) => {
      const server = await TckServer.start({ contexts: [session11Server], port: 0, host: '127.0.0.1' });
      const client = await TckClient.open(`ws://127.0.0.1:${server.port}${root}/exception`);
      expect(await client.send(said).next()).toMatch(/^Exception: ./);
      await server.stop();
    },
  );
});
