import { createServer } from 'node:http';
import {
  attach,
  DeploymentException,
  endpoint,
  OnMessage,
  ServerContainer,
  ServerEndpoint,
  ServerEndpointConfig,
  type SockJsChoice,
} from 'serval';
import { afterTest, Journal } from '../../testing/test/toolbox';
import { listen, loggerInto } from './test-server';

const echo = { onText: (text: string): string => text };
const logger = loggerInto(new Journal());

async function infoOf(port: number, path: string): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}${path}/info`);
  return response.status === 200
    ? ((await response.json()) as { cookie_needed: boolean }).cookie_needed
    : response.status;
}

test('an endpoint, addEndpoint and the container choose, the nearer one first', async () => {
  @ServerEndpoint({ value: '/annotated', sockJs: { sessionCookieNeeded: false } })
  class Annotated {
    @OnMessage say(text: string): string {
      return text;
    }
  }
  @ServerEndpoint({ value: '/off', sockJs: false })
  class Off {
    @OnMessage say(text: string): string {
      return text;
    }
  }
  const http = createServer((_request, response) => response.writeHead(404).end());
  const container = attach(http, { logger, sockJs: { sessionCookieNeeded: true } });
  container.addEndpoint(Annotated);
  container.addEndpoint(Off);
  container.addEndpoint(endpoint('/default', echo));
  container.addEndpoint(endpoint('/function', { ...echo, sockJs: { sessionCookieNeeded: false } }));
  container.addEndpoint(endpoint('/overridden', { ...echo, sockJs: true }), { sockJs: { sessionCookieNeeded: false } });
  container.addEndpoint(endpoint('/overridden-off', { ...echo, sockJs: true }), { sockJs: false });
  container.addEndpoint(ServerEndpointConfig.Builder.create(Annotated, '/built').sockJs({ heartbeatTime: 0 }).build());
  const port = await listen(http);
  afterTest(() => container.stop({ grace: 1 }));
  const paths = ['/annotated', '/off', '/default', '/function', '/overridden', '/overridden-off', '/built'];
  expect(await Promise.all(paths.map((path) => infoOf(port, path)))).toEqual([
    false,
    404,
    true,
    false,
    false,
    404,
    true,
  ]);
});

test('an endpoint that replaces another one keeps the choice of addEndpoint', async () => {
  const http = createServer((_request, response) => response.writeHead(404).end());
  const container = attach(http, { logger });
  container.addEndpoint(endpoint('/echo', echo), { sockJs: { sessionCookieNeeded: false } });
  container.replaceEndpoint('/echo', endpoint('/echo', echo));
  const port = await listen(http);
  afterTest(() => container.stop({ grace: 1 }));
  expect(await infoOf(port, '/echo')).toBe(false);
});

test('the default is off', async () => {
  const http = createServer((_request, response) => response.writeHead(404).end());
  const container = attach(http, { logger });
  container.endpoint('/echo', echo);
  const port = await listen(http);
  afterTest(() => container.stop({ grace: 1 }));
  expect(await infoOf(port, '/echo')).toBe(404);
});

test.each<[unknown, RegExp]>([
  ['yes', /sockJs is true, false or an object of options.*found "yes"/],
  [{ heartbeat: 1 }, /sockJs.*heartbeat/],
  [{ streamBytesLimit: 0 }, /sockJs\.streamBytesLimit is a whole number of bytes from 1/],
  [{ httpMessageCacheSize: 0 }, /sockJs\.httpMessageCacheSize is a whole number of messages from 1/],
  [{ disconnectDelay: 0 }, /sockJs\.disconnectDelay is a whole number of milliseconds from 1/],
  [{ heartbeatTime: '25s' }, /sockJs\.heartbeatTime is a whole number of milliseconds/],
  [{ clientLibraryUrl: '' }, /sockJs\.clientLibraryUrl is a text that is not empty/],
  [{ sessionCookieNeeded: 1 }, /sockJs\.sessionCookieNeeded is true or false/],
  [{ allowedOrigins: ['app.example'] }, /allowedOrigins contains "app.example", which is not an origin/],
  [{ maxBodySize: 1 }, /sockJs\.maxBodySize is a whole number of bytes from 2/],
])('%j is an error at deployment', (sockJs, message) => {
  const choice = sockJs as SockJsChoice;
  const at = [
    () => new ServerContainer({ logger, sockJs: choice }).addEndpoint(endpoint('/x', echo)),
    () => new ServerContainer({ logger }).addEndpoint(endpoint('/x', { ...echo, sockJs: choice })),
  ];
  for (const deploy of at) {
    expect(deploy).toThrow(DeploymentException);
    expect(deploy).toThrow(message);
  }
});

test.each([
  ['/chat', '/chat/{a}/{b}/websocket', '/chat/{a}/{b}/websocket'],
  ['/chat', '/chat/websocket', '/chat/websocket'],
  ['/chat', '/{room}/websocket', '/chat/websocket'],
])('%s with SockJS and %s without it overlap', (path, other, shared) => {
  for (const order of [0, 1]) {
    const container = new ServerContainer({ logger });
    const endpoints = [endpoint(path, { ...echo, sockJs: true }), endpoint(other, echo)];
    if (order === 1) endpoints.reverse();
    const deploy = (): void => endpoints.forEach((one) => container.addEndpoint(one));
    expect(deploy).toThrow(DeploymentException);
    expect(deploy).toThrow(/accepts no more endpoints|because of SockJS/);
    expect(shared).toContain('websocket');
  }
});

test('the error names both endpoints, a shared path and the remedy', () => {
  const container = new ServerContainer({ logger });
  container.addEndpoint(endpoint('/chat', { ...echo, sockJs: true }));
  expect(() => container.addEndpoint(endpoint('/{room}/info', { ...echo, sockJs: true }))).toThrow(
    '/{room}/info cannot be deployed at /{room}/info: a request to /chat/info would also belong to /chat at /chat, because ' +
      'of SockJS. Change one of the paths, or set sockJs to false for one of them.',
  );
});

test.each([
  ['/chat', '/chat/rooms'],
  ['/chat', '/chat/info'],
  ['/chat', '/{room}'],
  ['/chat', '/chat/a/b/other'],
  ['/chat', '/chat/a.b/c/websocket'],
])('%s with SockJS and %s without it do not overlap', (path, other) => {
  const container = new ServerContainer({ logger });
  container.addEndpoint(endpoint(path, { ...echo, sockJs: true }));
  container.addEndpoint(endpoint(other, echo));
});

test('an exact path wins over a variable, as for WebSockets', async () => {
  const http = createServer((_request, response) => response.writeHead(404).end());
  const container = attach(http, { logger, sockJs: true });
  container.endpoint('/chat', { onText: () => 'exact' });
  container.endpoint('/{room}', { onText: (_text, session) => session.params.room });
  const port = await listen(http);
  afterTest(() => container.stop({ grace: 1 }));
  const answerAt = async (path: string): Promise<string> => {
    const post = (transport: string, body = ''): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}${path}/0/one/${transport}`, { method: 'POST', body });
    await post('xhr');
    await post('xhr_send', '["x"]');
    return (await post('xhr')).text();
  };
  expect([await answerAt('/chat'), await answerAt('/lobby')]).toEqual(['a["exact"]\n', 'a["lobby"]\n']);
});
