import { ClientEndpointConfig, Endpoint, type Session } from '@serval/api';
import { ClientContainer } from '../src';
import { LiteralServer } from './literal-server';
import { afterTest, rejection, silent } from '../../testing/test/toolbox';

const PROPERTY = 'org.apache.tomcat.websocket.DEFAULT_ORIGIN_HEADER_VALUE';

class Nothing extends Endpoint {
  override onOpen() {}
}

/** @param own the Origin that `beforeRequest` sets */
async function connect(uri: string, origin?: string, property?: unknown, own?: string): Promise<Session> {
  const configurator = Object.assign(new ClientEndpointConfig.Configurator(), {
    beforeRequest: (headers: Map<string, string[]>) => own !== undefined && headers.set('Origin', [own]),
  });
  const config = ClientEndpointConfig.Builder.create().configurator(configurator).build();
  if (property !== undefined) config.getUserProperties().set(PROPERTY, property);
  const container = new ClientContainer({ logger: silent, sessionCloseTimeout: 200, origin });
  const session = await container.connectToServer(Nothing, config, uri);
  afterTest(() => session.close());
  return session;
}

const [a, b, c] = ['https://a.example', 'https://b.example', 'https://c.example'];

test.each<
  [how: string, option: string | undefined, property: unknown, own: string | undefined, sent: string | undefined]
>([
  ['no Origin by default', undefined, undefined, undefined, undefined],
  ['the option', a, undefined, undefined, a],
  ['the user property before the option', a, b, undefined, b],
  ['that of beforeRequest before both', a, b, c, c],
])('%s', async (_how, option, property, own, sent) => {
  const server = await LiteralServer.start();
  await connect(server.url(), option, property, own);
  expect(server.last.headers.get('origin')).toBe(sent);
});

test.each(['', 'a\r\nb', 3])('%j is not a valid origin', async (origin) => {
  expect(() => new ClientContainer({ origin: origin as never })).toThrow(/^origin is an origin, such as/);
  const server = await LiteralServer.start();
  const error = await rejection(connect(server.url(), undefined, origin));
  expect([error.code, error.message]).toEqual([
    'WS_DEPLOY_BAD_OPTION',
    expect.stringMatching(/DEFAULT_ORIGIN_HEADER_VALUE is an origin/),
  ]);
  expect(server.requests).toHaveLength(0);
});
