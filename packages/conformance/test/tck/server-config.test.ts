import { context as appConfig } from './applications/ee-server-serverapplicationconfig';
import { context as appConfigInLib } from './applications/ee-server-serverapplicationconfiginlib';
import { context as annotation } from './applications/ee-server-serverendpoint';
import { context as config } from './applications/ee-server-serverendpointconfig';
import { context as builder } from './applications/ee-server-serverendpointconfig-builder';
import { context as configurator } from './applications/ee-server-serverendpointconfig-configurator';
import { TckServer } from './tck-server';
import { TckClient, testConversations, type Conversation, type Heard } from './tck-client';

const PACKAGE = 'ee.jakarta.tck.websocket.ee.server';
const CONFIGURATOR = 'jakarta.websocket.server.ServerEndpointConfig$Configurator';
const BEANS = 'class ee.jakarta.tck.websocket.common.stringbean.StringBean';

const contexts = [appConfig, appConfigInLib, annotation, config, builder, configurator];

/** One question and its answer. */
function asks(root: string, path: string, question: string, answer: string): Conversation {
  return { path: `${root}${path}`, says: [question], hears: [answer] };
}

describe('the choice of an application config, in its application and from a library', () => {
  testConversations(
    contexts,
    [appConfig.root, appConfigInLib.root].flatMap((root) =>
      ['/used', '/other', '/configured'].map((path) => asks(root, path, 'text', 'text')),
    ),
  );
});

describe('the attributes of an annotation', () => {
  testConversations(contexts, [
    asks(annotation.root, '/default', 'value', '/default'),
    asks(annotation.root, '/default', 'configurator', CONFIGURATOR),
    asks(annotation.root, '/default', 'decoders', '{}'),
    asks(annotation.root, '/default', 'subprotocols', '{}'),
    asks(annotation.root, '/configured', 'configurator', `${PACKAGE}.serverendpoint.SimpleConfigurator`),
    asks(annotation.root, '/subprotocoled', 'subprotocols', '{def abc ghi}'),
    asks(
      annotation.root,
      '/decoded',
      'decoders',
      `{${['BinaryStream', 'Text', 'Binary', 'TextStream'].map((form) => `${BEANS}${form}Decoder`).join(' ')}}`,
    ),
    asks(
      annotation.root,
      '/encoded',
      'encoders',
      `{${['TextStream', 'Binary', 'Text', 'BinaryStream'].map((form) => `${BEANS}${form}Encoder`).join(' ')}}`,
    ),
  ]);
});

describe('the values of a configuration, built by hand or by the builder', () => {
  const classes = `${PACKAGE}.serverendpointconfig`;
  testConversations(contexts, [
    asks(config.root, '/annotated/subprotocols', 'subprotocols', 'abc def'),
    asks(config.root, '/annotated/configurator', 'endpoint', `${classes}.WSAnnotatedConfiguratorServer`),
    asks(config.root, '/programatic/configurator', 'configurator', `${classes}.ServerEndpointConfigConfigurator`),
    asks(config.root, '/programatic/subprotocols', 'configurator', `${classes}.SubprotocolsServerEndpointConfig$1`),
    asks(config.root, '/programatic/extensions', 'extensions', '[empty secondEmpty ]'),
    asks(config.root, '/programatic/extensions', 'path', '/programatic/extensions'),
    // Twice: what one session does to its user properties, the next one does not see.
    asks(config.root, '/programatic/userproperties', 'userproperties', 'PASS'),
    asks(config.root, '/programatic/userproperties', 'userproperties', 'PASS'),
    asks(builder.root, '/builder/decoders', 'configurator', `${classes}.builder.AppConfig$1`),
    asks(builder.root, '/builder/decoders', 'encoders', '{}'),
    asks(builder.root, '/builder/extensions', 'extensions', '[empty secondEmpty ]'),
    asks(builder.root, '/builder/configurator', 'subprotocols', ''),
    {
      path: `${config.root}/annotated/subprotocols`,
      subprotocols: ['xyz', 'def'],
      says: ['negotiated'],
      hears: ['def'],
    },
  ]);
});

describe('the handshake that a configurator received', () => {
  const subprotocols = ['MBWS.huawei.com', 'soap', 'v10.stomp'];
  testConversations(contexts, [
    {
      path: `${configurator.root}/subprotocols`,
      subprotocols,
      says: ['requested', 'supported', 'resulted'],
      hears: [
        'MBWS.huawei.com soap v10.stomp',
        'MBLWS.huawei.com wamp v11.stomp v10.stomp soap',
        // The first of the client's list that the endpoint supports.
        '{soap}',
      ],
    },
    {
      path: `${configurator.root}/modifyhandshake`,
      says: ['origin', 'config', 'request', 'response', 'anything'],
      hears: ['true', 'true', 'true', 'true', 'false'],
    },
    {
      path: `${configurator.root}/endpointinstance`,
      says: ['anything', 'again'],
      hears: [
        `${PACKAGE}.serverendpointconfig.configurator.WSCGetEndpointInstanceServerAdditional information passed to instance`,
        'nullAdditional information passed to instance',
      ],
    },
  ]);
});

describe('over one server', () => {
  let server: TckServer;
  beforeAll(async () => (server = await TckServer.start({ contexts, port: 0, host: '127.0.0.1' })));
  afterAll(() => server.stop());

  const open = (path: string, headers: Record<string, string> = {}): Promise<TckClient> =>
    TckClient.open(`ws://127.0.0.1:${server.port}${path}`, [], { headers });
  const ask = async (path: string, question: string, headers?: Record<string, string>): Promise<Heard> => {
    const client = (await open(path, headers)).send(question);
    const answer = await client.next();
    client.socket.terminate();
    return answer;
  };

  test.each([
    [`${appConfig.root}/unused`],
    [`${appConfig.root}/unusedconfig`],
    [`${appConfigInLib.root}/unused`],
    [`${appConfigInLib.root}/unusedconfig`],
  ])('%s, which no application config chose, gets 404', async (path) => {
    await expect(open(path)).rejects.toThrow('404');
  });

  test('a deployment creates one configurator per endpoint', async () => {
    const before = Number(await ask(`${annotation.root}/countone`, 'any'));
    const another = await TckServer.start({ contexts: [annotation], port: 0, host: '127.0.0.1' });
    try {
      expect(await ask(`${annotation.root}/counttwo`, 'any')).toBe(String(before + 2));
    } finally {
      await another.stop();
    }
  });

  test('a configurator that rejects the origin refuses with 403, until it accepts it', async () => {
    const { root } = configurator;
    expect(await ask(`${root}/originreturnsfalseconfig`, 'false')).toBe('false');
    await expect(open(`${root}/originreturnsfalse`)).rejects.toThrow('403');
    expect(await ask(`${root}/originreturnsfalseconfig`, 'true')).toBe('true');
    expect(await ask(`${root}/originreturnsfalse`, 'anything')).toBe('anything');
  });

  test('a configurator receives the origin, or null if there is none', async () => {
    const path = `${configurator.root}/origin`;
    expect(await ask(path, 'get', { Origin: 'http://elsewhere.example' })).toBe('http://elsewhere.example');
    expect(await ask(path, 'get')).toBe('NULL');
  });

  test('the container’s default configurator is a single object', async () => {
    const { root } = configurator;
    const first = await ask(`${root}/containerdefaultconfiguratorA`, 'anything');
    expect(first).toMatch(/^\d+$/);
    expect(await ask(`${root}/containerdefaultconfiguratorB`, 'anything')).toBe(first);
  });

  test('a configurator receives the installed, requested and negotiated extensions, in the client’s order', async () => {
    const parameters = 'firstName=firstValue; secondName=secondValue';
    const headers = {
      'Sec-WebSocket-Extensions': `unknown, secondExtName; ${parameters}, firstExtName; ${parameters}`,
    };
    const [first, second] = ['firstExtName', 'secondExtName'].map(
      (name) =>
        `ExtensionImpl(name="${name}", parameters=[ExtensionParameterImpl(name="firstName", value="firstValue"),` +
        'ExtensionParameterImpl(name="secondName", value="secondValue"),]);',
    );
    const client = await open(`${configurator.root}/extensions`, headers);
    for (const question of ['requested', 'resulted', 'resultedinorder', 'installed']) client.send(question);
    expect(await client.nextOf(4)).toEqual([
      `{${first}}`,
      `{${first}}`,
      `{${second}${first}}`,
      `{${first}${second}ExtensionImpl(name="thirdExtName", parameters=[]);}`,
    ]);
    client.socket.terminate();
  });
});
