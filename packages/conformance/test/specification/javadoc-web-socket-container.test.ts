import { ContainerProvider, type WebSocketContainer } from 'serval';
import { failureOf, overBothEngines } from '../application';
import { Heard } from '../echo-peer';

// WebSocketContainer, as far as a server's container is one, and ContainerProvider.

interface Setting {
  readonly id: string;
  readonly first: number;
  readonly get: (container: WebSocketContainer) => number;
  readonly set: (container: WebSocketContainer, value: number) => void;
  /** The setting as a session has it. */
  readonly of: (session: Awaited<ReturnType<WebSocketContainer['connectToServer']>>) => number;
}

const SETTINGS: readonly Setting[] = [
  {
    id: '[JAVADOC:165] [JAVADOC:170] the timeout of asynchronous sends',
    first: -1,
    get: (container) => container.getDefaultAsyncSendTimeout(),
    set: (container, value) => container.setAsyncSendTimeout(value),
    of: (session) => session.getAsyncRemote().getSendTimeout(),
  },
  {
    id: '[JAVADOC:166] [JAVADOC:171] the size of binary messages',
    first: 8192,
    get: (container) => container.getDefaultMaxBinaryMessageBufferSize(),
    set: (container, value) => container.setDefaultMaxBinaryMessageBufferSize(value),
    of: (session) => session.getMaxBinaryMessageBufferSize(),
  },
  {
    id: '[JAVADOC:167] [JAVADOC:172] the idle timeout',
    first: 0,
    get: (container) => container.getDefaultMaxSessionIdleTimeout(),
    set: (container, value) => container.setDefaultMaxSessionIdleTimeout(value),
    of: (session) => session.getMaxIdleTimeout(),
  },
  {
    id: '[JAVADOC:168] [JAVADOC:173] the size of text messages',
    first: 8192,
    get: (container) => container.getDefaultMaxTextMessageBufferSize(),
    set: (container, value) => container.setDefaultMaxTextMessageBufferSize(value),
    of: (session) => session.getMaxTextMessageBufferSize(),
  },
];

overBothEngines((application, engine) => {
  test.each(SETTINGS)('$id is a default for the sessions that begin later', async ({ first, get, set, of }) => {
    const { session, client } = await application().openSession();
    const container = session.getContainer();
    expect(get(container)).toBe(first);
    set(container, 54_321);
    expect([get(container), of(session)]).toEqual([54_321, first]);
    await application().connect('/session');
    const [, later] = [...session.getOpenSessions()];
    if (later === undefined) throw new Error('Both sessions should be open.');
    expect(of(later)).toBe(54_321);
    client.end();
  });

  test.each([
    { id: '[JAVADOC:168] [JAVADOC:173] a text', message: 'a'.repeat(20), set: 'setDefaultMaxTextMessageBufferSize' },
    {
      id: '[JAVADOC:166] [JAVADOC:171] a binary message',
      message: Buffer.alloc(20),
      set: 'setDefaultMaxBinaryMessageBufferSize',
    },
  ] as const)('$id that is larger than the container’s default closes with 1009', async ({ message, set }) => {
    const { session, client } = await application().openSession();
    session.getContainer()[set](19);
    const small = await application().connect('/session');
    expect(await small.say(message).next()).toMatch(/^close 1009/);
    const heard = new Heard();
    session.addMessageHandler(String, () => heard.add('taken'));
    session.addMessageHandler(Buffer, () => heard.add('taken'));
    client.say(message);
    expect(await heard.until(1)).toEqual(['taken']);
  });

  test('[JAVADOC:167] [JAVADOC:172] closes a session that is idle for the container’s default', async () => {
    const { session } = await application().openSession();
    session.getContainer().setDefaultMaxSessionIdleTimeout(1);
    expect(await (await application().connect('/session')).next()).toMatch(/^close 1001/);
    expect(session.isOpen()).toBe(true);
  });

  test('[JAVADOC:169] getInstalledExtensions returns those that the container can negotiate', async () => {
    const plain = await application().start([]);
    expect(plain.container.getInstalledExtensions().size).toBe(0);
    // Differs: the ws engine offers no extension.
    if (engine === 'ws') {
      expect(await failureOf(() => application().prepare({ perMessageDeflate: true }))).toMatchObject({
        code: 'WS_DEPLOY_BAD_OPTION',
      });
      return;
    }
    const compressing = await application().start([], { perMessageDeflate: true });
    expect([...compressing.container.getInstalledExtensions()].map((extension) => extension.getName())).toEqual([
      'permessage-deflate',
    ]);
  });
});

test('[JAVADOC:27] [JAVADOC:28] applications obtain a container from the registered ContainerProvider', () => {
  class Provider extends ContainerProvider {
    constructor(private readonly container: WebSocketContainer | undefined) {
      super();
    }
    protected override getContainer(): WebSocketContainer {
      if (this.container === undefined) throw new Error('not ready');
      return this.container;
    }
  }
  // Only handed out.
  const container = {} as WebSocketContainer;
  ContainerProvider.register(new Provider(container));
  expect(ContainerProvider.getWebSocketContainer()).toBe(container);
  ContainerProvider.register(new Provider(undefined));
  expect(() => ContainerProvider.getWebSocketContainer()).toThrow('not ready');
});
