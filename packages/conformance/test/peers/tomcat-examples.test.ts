import { describeWithPeer, FrontServer, Tomcat } from '.';
import { CloseReason, HandshakeException } from 'serval';
import { failureOf } from '../application';
import { EchoCaller, type CallOptions } from '../echo-caller';
import { changedByEcho } from '../echo-table';
import { LOCALHOST } from '../localhost';

// Our client with the examples that Tomcat 10.1 comes with.

const START_MS = 90_000;
const USER = { username: 'ann', password: 'a "secret" of <hers>' };

describeWithPeer(Tomcat, 'Tomcat', () => {
  let tomcat: Tomcat;
  beforeAll(async () => {
    tomcat = await Tomcat.start({ user: USER });
  }, START_MS);
  afterAll(() => tomcat?.stop());

  const uri = (path: string): string => `ws://127.0.0.1:${tomcat.port}${path}`;
  const echo = (options?: CallOptions): Promise<EchoCaller> =>
    EchoCaller.open(uri('/examples/websocket/echoAnnotation'), options);

  describe.each<[string, CallOptions, readonly string[]]>([
    ['without compression', {}, []],
    ['with compression', { perMessageDeflate: { threshold: 0 } }, ['permessage-deflate; client_max_window_bits=15']],
    [
      'with compression that keeps no context',
      { perMessageDeflate: { threshold: 0, clientNoContextTakeover: true, serverNoContextTakeover: true } },
      ['permessage-deflate; server_no_context_takeover=; client_no_context_takeover=; client_max_window_bits=15'],
    ],
  ])('%s', (_how, options, extensions) => {
    test.each(['echoAnnotation', 'echoStreamAnnotation', 'echoProgrammatic'])(
      '%s brings every message back',
      async (name) => {
        const caller = await EchoCaller.open(uri(`/examples/websocket/${name}`), options);
        expect(caller.extensions).toEqual(extensions);
        expect(await changedByEcho(caller.exchange)).toEqual([]);
        await caller.session.close();
        expect(await caller.told.closed()).toEqual(['close 1000']);
      },
      20_000,
    );
  });

  test('answers a ping between the fragments of a message', async () => {
    const caller = await echo();
    const { session, told } = caller;
    const remote = session.getBasicRemote();
    await remote.sendText('one ', false);
    await remote.sendPing(Buffer.from('are you there'));
    expect(await told.until(1)).toEqual(['pong are you there']);
    await remote.sendText('two', true);
    expect(await caller.next()).toBe('one two');
    await session.close();
  });

  test.each<[string, CloseReason, string]>([
    ['1001', new CloseReason(1001, 'going'), 'close 1001 going'],
    ['4001 with 123 bytes', new CloseReason(4001, 'é'.repeat(61) + '!'), `close 4001 ${'é'.repeat(61)}!`],
  ])('answers the close code %s', async (_title, reason, expected) => {
    const { session, told } = await echo();
    await session.close(reason);
    expect(await told.closed()).toEqual([expected]);
  });

  test('closes with 1009 for a text above the limit of an endpoint for whole messages', async () => {
    const caller = await EchoCaller.open(uri('/examples/websocket/chat'));
    expect(await caller.next()).toMatch(/^\* Guest\d+ has joined\.$/);
    await caller.session.getBasicRemote().sendText('x'.repeat(8193));
    expect(await caller.told.closed()).toEqual([
      expect.stringMatching(/^close 1009 The decoded text message was too big/),
    ]);
  });

  test('lets two sessions of our client talk to each other', async () => {
    const ann = await EchoCaller.open(uri('/examples/websocket/chat'));
    const [, first] = /^\* (Guest\d+) has joined\.$/.exec(String(await ann.next())) ?? [];
    const bob = await EchoCaller.open(uri('/examples/websocket/chat'));
    const joined = String(await bob.next());
    expect(await ann.next()).toBe(joined);
    await ann.session.getBasicRemote().sendText('hello <all>');
    expect(await bob.next()).toBe(`${first}: hello &lt;all&gt;`);
    await ann.session.close();
    expect(await bob.next()).toBe(`* ${first} has disconnected.`);
    await bob.session.close();
  });

  test.each([
    ['a path without an endpoint', '/examples/websocket/nobody', 404],
    ['a page', '/examples/index.html', 200],
    ['an endpoint for users only', '/basic/websocket/echoAnnotation', 401],
  ])('rejects %s with the status in the exception', async (_title, path, status) => {
    const error = await failureOf(() => EchoCaller.open(uri(path)));
    if (!(error instanceof HandshakeException)) throw error;
    expect([error.code, error.status]).toEqual(['WS_CONNECT_REFUSED', status]);
    expect(error.headers?.get('Date')).toEqual([expect.stringMatching(/GMT$/)]);
  });

  describe.each(['basic', 'digest'])('an endpoint that requires a user, by %s', (scheme) => {
    const path = `/${scheme}/websocket/echoAnnotation`;
    const realm = 'the examples';

    test('opens with the option credentials', async () => {
      const caller = await EchoCaller.open(uri(path), { credentials: { ...USER, realm } });
      expect(await changedByEcho(caller.exchange)).toEqual([]);
      await caller.session.close();
    });

    test('opens with user properties, as in Tomcat', async () => {
      const caller = await EchoCaller.open(uri(path), {
        userProperties: {
          'org.apache.tomcat.websocket.WS_AUTHENTICATION_USER_NAME': USER.username,
          'org.apache.tomcat.websocket.WS_AUTHENTICATION_PASSWORD': USER.password,
        },
      });
      expect(await caller.exchange(['hello'])).toBe('hello');
      await caller.session.close();
    });

    test.each([
      ['a wrong password', { ...USER, password: 'guess' }, 'WS_CONNECT_AUTHENTICATION'],
      ['credentials for another realm', { ...USER, realm: 'elsewhere' }, 'WS_CONNECT_REALM'],
    ])('refuses %s with 401', async (_title, credentials, code) => {
      const error = await failureOf(() => EchoCaller.open(uri(path), { credentials }));
      if (!(error instanceof HandshakeException)) throw error;
      expect([error.code, error.status]).toEqual([code, 401]);
    });
  });

  describeWithPeer(FrontServer.kind('nginx'), 'behind an nginx that ends TLS', () => {
    let nginx: FrontServer;
    beforeAll(async () => {
      nginx = await FrontServer.start(
        'nginx',
        (port) => `
server {
  listen 127.0.0.1:${port} ssl;
  ssl_certificate ${LOCALHOST.certFile};
  ssl_certificate_key ${LOCALHOST.keyFile};
  location / {
    proxy_pass http://127.0.0.1:${tomcat.port};
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection upgrade;
    proxy_set_header Host $http_host;
  }
}`,
      );
    });
    afterAll(() => nginx?.stop());

    test.each([false, true])('echoes every message (perMessageDeflate: %s)', async (perMessageDeflate) => {
      const caller = await EchoCaller.open(`wss://localhost:${nginx.port}/examples/websocket/echoAnnotation`, {
        perMessageDeflate,
        sslContext: { ca: LOCALHOST.cert },
      });
      expect(caller.session.isSecure()).toBe(true);
      expect(caller.extensions).toEqual(perMessageDeflate ? ['permessage-deflate; client_max_window_bits=15'] : []);
      expect(await changedByEcho(caller.exchange)).toEqual([]);
      await caller.session.close(new CloseReason(4001, 'enough'));
      expect(await caller.told.closed()).toEqual(['close 4001 enough']);
    });
  });
});
