import { AsyncLocalStorage } from 'node:async_hooks';
import {
  Decoder,
  DeploymentException,
  HandshakeRejection,
  OnClose,
  OnError,
  OnMessage,
  ServerEndpoint,
  ServerEndpointConfig,
  type EndpointClass,
} from '@serval/api';
import type { ServerContainerOptions } from '../src/container-options';
import type { InstanceFactory } from '../src/instance-factory';
import { ServerContainer } from '../src/server-container';
import { afterTest, Gate, Journal } from '../../testing/test/toolbox';
import { clientFrame, closeFrame, upgradeRequest } from './raw-connection';
import { TestServer } from './test-server';

let seen = new Journal();
beforeEach(() => void (seen = new Journal()));

@ServerEndpoint('/shop')
class Shop {
  constructor(readonly name: string) {}
  @OnMessage ask(text: string): string {
    return `${this.name}: ${text}`;
  }
  @OnClose close(): void {
    seen.add('closed');
  }
}

/** Creates and destroys, and keeps a journal of it. */
function factory(changes: Partial<InstanceFactory> = {}): InstanceFactory {
  let count = 0;
  return {
    create(endpointClass) {
      seen.add(`create ${++count}`);
      return new (endpointClass as unknown as new (name: string) => object)(`shop ${count}`);
    },
    destroy: (instance) => seen.add(`destroy ${(instance as Shop).name}`),
    ...changes,
  };
}

// The raw client answers no close frame.
const start = (instanceFactory: InstanceFactory, more: ServerContainerOptions = {}): Promise<TestServer> =>
  TestServer.start({ instanceFactory, sessionCloseTimeout: 100, ...more }, Shop);

it('creates one instance for each session, with constructor arguments, and destroys it after @OnClose', async () => {
  const server = await start(factory());
  const [one, other] = [await server.open('/shop'), await server.open('/shop')];
  one.send(clientFrame(0x81, 'tea?'));
  other.send(clientFrame(0x81, 'tea?'));
  expect([await one.text(), await other.text()]).toEqual(['shop 1: tea?', 'shop 2: tea?']);
  one.send(closeFrame(1000));
  await seen.until('destroy shop 1');
  expect(seen.entries).toEqual(['create 1', 'create 2', 'closed', 'destroy shop 1']);
  await server.container.stop();
  expect(seen.entries.slice(4)).toEqual(['closed', 'destroy shop 2']);
});

it('waits with a stop until an asynchronous destroy has settled', async () => {
  const gate = new Gate();
  const server = await start(factory({ destroy: () => gate.promise.then(() => seen.add('destroyed')) }));
  await server.open('/shop');
  const stopped = server.container.stop().then(() => seen.add('stopped'));
  await seen.until('closed');
  gate.open();
  await stopped;
  expect(seen.entries.slice(-2)).toEqual(['destroyed', 'stopped']);
});

class Tea {}
class Broken {
  static readonly decodes = Decoder.text(Tea);
  init(): void {
    throw new Error('no schema');
  }
  decode(): Tea {
    return new Tea();
  }
}

@ServerEndpoint('/broken', { decoders: [Broken] })
class BrokenShop extends Shop {}

it('destroys the instance of a handshake that fails later', async () => {
  const server = await TestServer.start({ instanceFactory: factory() }, BrokenShop);
  expect((await server.request('/broken')).status).toBe(500);
  await seen.until('destroy shop 1');
  expect(seen.entries).toEqual(['create 1', 'destroy shop 1']);
  expect(server.log.entries.filter((entry) => entry.startsWith('error'))).toEqual([
    'error The handshake for /broken failed: no schema',
  ]);
});

it('destroys an instance that is created after the client left', async () => {
  const created = new Gate();
  const server = await start(
    factory({
      create: async () => {
        seen.add('creating');
        await created.promise;
        return new Shop('late');
      },
    }),
  );
  const client = await server.connect();
  client.send(upgradeRequest('/shop'));
  await seen.until('creating');
  client.destroy();
  await server.container.stop();
  created.open();
  await seen.until('destroy late');
  expect(seen.entries).toEqual(['creating', 'destroy late']);
});

it('destroys what the factory created, and not what a configurator made of it', async () => {
  class Wrapping extends ServerEndpointConfig.Configurator {
    override getEndpointInstance<T extends object>(endpointClass: EndpointClass<T>): T {
      const made = super.getEndpointInstance(endpointClass) as T;
      return new Proxy(made, {});
    }
  }
  class Own extends ServerEndpointConfig.Configurator {
    override getEndpointInstance<T extends object>(): T {
      return new Shop('own') as unknown as T;
    }
  }
  const created: object[] = [];
  const destroyed: unknown[] = [];
  const server = await TestServer.start(
    {
      instanceFactory: {
        create: () => created[created.push(new Shop('made')) - 1] as object,
        destroy: (instance) => void (destroyed.push(instance), seen.add('destroyed')),
      },
    },
    ServerEndpointConfig.Builder.create(Shop, '/wrapped').configurator(new Wrapping()).build(),
    ServerEndpointConfig.Builder.create(Shop, '/own').configurator(new Own()).build(),
  );
  for (const path of ['/own', '/wrapped']) (await server.open(path)).send(closeFrame(1000));
  await seen.until('destroyed');
  await server.container.stop();
  expect(created).toHaveLength(1);
  expect(destroyed).toHaveLength(1);
  expect(destroyed[0]).toBe(created[0]);
});

it.each<[string, () => object | Promise<object>]>([
  [
    'throws',
    () => {
      throw new Error('no database');
    },
  ],
  ['rejects', () => Promise.reject(new Error('no database'))],
])('refuses with 500 when create %s, and destroys nothing', async (_title, create) => {
  const server = await start(factory({ create }));
  expect((await server.request('/shop')).status).toBe(500);
  expect(server.log.entries).toContain('error The handshake for /shop failed: no database');
  expect(seen.entries).toEqual([]);
});

it('refuses with the status of a HandshakeRejection that create throws', async () => {
  const create = (): never => {
    throw new HandshakeRejection(409);
  };
  expect((await (await start(factory({ create }))).request('/shop')).status).toBe(409);
});

@ServerEndpoint('/reporting')
class Reporting {
  @OnMessage ask(_text: string): void {}
  @OnError failed(error: Error): void {
    seen.add(`@OnError ${error.message}`);
  }
}

it('passes an error of destroy to @OnError, and to the log if there is no session', async () => {
  const destroy = (): Promise<void> => Promise.reject(new Error('cannot dispose'));
  const instanceFactory = { create: () => new Reporting(), destroy };
  const server = await TestServer.start({ instanceFactory }, Reporting);
  (await server.open('/reporting')).send(closeFrame(1000));
  await seen.until('@OnError cannot dispose');

  const other = await TestServer.start({ instanceFactory: { create: () => new BrokenShop('x'), destroy } }, BrokenShop);
  expect((await other.request('/broken')).status).toBe(500);
  await other.log.until('error The handshake for /broken failed: cannot dispose');
});

it('destroys in the AsyncLocalStorage context of the session', async () => {
  const storage = new AsyncLocalStorage<string>();
  afterTest(() => storage.disable());
  const server = await start(factory({ destroy: () => seen.add(`destroy in ${storage.getStore()}`) }), {
    handshakeMiddleware: (_request, _response, next) => storage.run('session 7', next),
  });
  (await server.open('/shop')).send(closeFrame(1000));
  await seen.until('destroy in session 7');
});

it('takes a function, which creates and never destroys', async () => {
  const server = await TestServer.start({ instanceFactory: () => new Shop('plain') }, Shop);
  const client = await server.open('/shop');
  client.send(clientFrame(0x81, 'tea?'));
  expect(await client.text()).toBe('plain: tea?');
});

it.each([['Shop'], [{}], [{ create: 1 }], [{ create: () => ({}), destroy: 'yes' }]])(
  'refuses the option %j',
  (option) => {
    const create = (): unknown => new ServerContainer({ instanceFactory: option as never });
    expect(create).toThrow(DeploymentException);
    expect(create).toThrow('instanceFactory is a function, or an object with a method create; found');
  },
);
