import { context as container } from './applications/ee-websocketcontainer';
import { context as inheritance } from './applications/spec-annotation-inheritance';
import { context as closing } from './applications/spec-application-closing';
import { context as containers } from './applications/spec-application-containers';
import { context as lifecycle } from './applications/spec-application-lifecycle';
import { context as uriMatching } from './applications/spec-configuration-urimatching';
import { context as upgradeHttp } from './applications/spec-servercontainer-upgradehttptowebsocket';
import { TckServer } from './tck-server';
import { TckClient, testConversations } from './tck-client';

const contexts = [container, inheritance, closing, containers, lifecycle, uriMatching, upgradeHttp];

testConversations(contexts, [
  {
    path: `${container.root}/TCKTestServer`,
    says: ['Hello'],
    hears: ['TCKTestServer opened', 'TCKTestServer received: Hello', 'TCKTestServer responds'],
  },
  { path: `${inheritance.root}/echo`, says: ['text'], hears: ['text'] },
  // One instance per connection, so a second connection starts from the beginning.
  { path: `${lifecycle.root}/lifecycle`, says: ['any', 'any'], hears: ['0', '1'] },
  { path: `${lifecycle.root}/lifecycle`, says: ['any', 'any'], hears: ['0', '1'] },
  // The servlet's path, and the one that the endpoint has by itself.
  { path: `${upgradeHttp.root}/TCKTestServlet`, says: ['text'], hears: ['text'] },
  { path: `${upgradeHttp.root}/TCKTestServer`, says: ['text'], hears: ['text'] },
]);

describe('the best match of a path', () => {
  testConversations(
    contexts,
    Object.entries({
      '/a': 'WSL1ExactServer',
      '/x': 'xWSL1ParamServer',
      '/c/d': 'WSL2ExactCDServer',
      '/c/x': 'xWSL2CParamDServer',
      '/x/d': 'xWSL2DParamCServer',
      '/x/y': 'xyWSL2ParamCDServer',
      '/a/c/d': 'WSL3ACDExactServer',
      '/a/c/x': 'xWSL3ACParamDServer',
      '/a/x/d': 'xWSL3ADParamCServer',
      '/a/x/y': 'xyWSL3AParamCDServer',
      '/x/c/d': 'xWSL3CDParamAServer',
      '/x/c/y': 'xyWSL3CParamADServer',
      '/x/y/d': 'xyWSL3DParamACServer',
      '/x/y/z': 'xyzWSL3ParamACDServer',
    }).map(([path, answer]) => ({
      path: `${uriMatching.root}${path}`,
      says: ['echo '],
      hears: [`echo ${answer.replace('WSL', 'ee.jakarta.tck.websocket.spec.configuration.urimatching.WSL')}`],
    })),
  );
});

describe('over one server', () => {
  let server: TckServer;
  beforeAll(async () => (server = await TckServer.start({ contexts, port: 0, host: '127.0.0.1' })));
  afterAll(() => server.stop());

  const open = (path: string): Promise<TckClient> => TckClient.open(`ws://127.0.0.1:${server.port}${path}`);

  test('a path with more segments than any template gets 404', async () => {
    await expect(open(`${uriMatching.root}/a/c/d/e`)).rejects.toThrow('404');
  });

  test('an idle timeout of a millisecond closes the session, with 1006 for @OnClose', async () => {
    const idle = (await open(`${closing.root}/closesession`)).send('idle');
    expect(await idle.nextOf(2)).toEqual(['idle', { closed: 1001 }]);
    const later = (await open(`${closing.root}/closesession`)).send('lastcode');
    expect(await later.next()).toBe('1006');
    later.socket.terminate();
  });

  test('all sessions of an application share one container', async () => {
    const [first, second] = await Promise.all([open(`${containers.root}/srv`), open(`${containers.root}/srv`)]);
    const container = await first.send('any').next();
    expect(container).toMatch(/^\d+$/);
    expect(await second.send('any').next()).toBe(container);
    for (const client of [first, second]) client.socket.terminate();
  });
});
