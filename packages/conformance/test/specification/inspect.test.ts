import { inspect } from 'node:util';
import {
  ClientEndpointConfig,
  CloseReason,
  connect,
  Endpoint,
  PongMessage,
  Server,
  ServerEndpointConfig,
  ClientContainer,
  type HandshakeRequest,
  type Session,
} from 'serval';

const SECRET = 'planted-secret';
const logger = { error() {}, warn() {}, debug() {} };

class Chat extends Endpoint {
  static latest: Session;
  readonly token = SECRET;
  override onOpen(session: Session): void {
    Chat.latest = session;
  }
}

class Gate extends ServerEndpointConfig.Configurator {
  static seen: HandshakeRequest;
  override modifyHandshake(_config: unknown, request: HandshakeRequest): void {
    Gate.seen = request;
  }
}

test('every public object prints as one line without secrets, at any depth and in JSON', async () => {
  const config = ServerEndpointConfig.Builder.create(Chat, '/chat').configurator(new Gate()).build();
  config.getUserProperties().set('password', SECRET);
  const clientConfig = ClientEndpointConfig.Builder.create().sslContext({ key: SECRET }).build();
  await using server = await new Server({
    host: '127.0.0.1',
    endpoints: [config],
    authenticate: () => ({ getName: () => 'ann\nbob' }),
    logger,
  }).start();
  const credentials = { username: 'ada', password: SECRET };
  await using container = new ClientContainer({ logger, credentials });
  await using connection = await connect(`ws://127.0.0.1:${server.port}/chat?token=${SECRET}`, {
    container,
    headers: { Authorization: SECRET },
    userProperties: { password: SECRET },
  });
  const { session } = connection;
  if (session === undefined) throw new Error('the connection is not open');
  const objects = {
    server,
    container,
    serverContainer: server.container,
    connection,
    clientSession: session,
    serverSession: Chat.latest,
    basic: session.getBasicRemote(),
    async: session.getAsyncRemote(),
    writer: session.getBasicRemote().getSendWriter(),
    config,
    clientConfig,
    request: Gate.seen,
    reason: new CloseReason(4001, 'kicked'),
    pong: new PongMessage(Buffer.from(SECRET)),
  };
  for (const [name, object] of Object.entries(objects)) {
    const shown = [inspect(object, { depth: 10, showHidden: false }), JSON.stringify(object)];
    for (const text of shown) expect([name, text.includes(SECRET), text.split('\n').length]).toEqual([name, false, 1]);
  }
  expect(inspect(server)).toMatch(/^Server \[started on port \d+\]$/);
  expect(inspect(session)).toMatch(/^Session \[[\da-f]{32}, \/chat, open, 127\.0\.0\.1\]$/);
  expect(inspect(Chat.latest)).toMatch(/^Session \[[\da-f]{32}, \/chat, open, user "ann\\nbob", 127\.0\.0\.1\]$/);
  await session.close();
  await connection.closed;
  expect(inspect(session)).toMatch(/^Session \[[\da-f]{32}, closed\]$/);
  expect(inspect(objects.reason)).toBe('CloseReason [4001,kicked]');
  expect(inspect(config)).toBe('ServerEndpointConfig [Chat at /chat]');
});

test('await using closes sessions, connections, containers and servers', async () => {
  let ended: Server | undefined;
  let closed: Promise<CloseReason> | undefined;
  {
    await using server = await new Server({ host: '127.0.0.1', endpoints: [endpoint()], logger }).start();
    await using connection = await connect(`ws://127.0.0.1:${server.port}/chat`, { logger });
    expect(typeof connection.session?.[Symbol.asyncDispose]).toBe('function');
    closed = connection.closed;
    ended = server;
  }
  expect((await closed).getCloseCode().getCode()).toBe(1000);
  expect(() => ended?.port).toThrow('The server is not listening');
});

function endpoint(): ServerEndpointConfig {
  return ServerEndpointConfig.Builder.create(Chat, '/chat').build();
}
