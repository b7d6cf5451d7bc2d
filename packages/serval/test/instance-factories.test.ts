import 'reflect-metadata';
import { asClass, createContainer } from 'awilix';
import { Container, inject, injectable, preDestroy } from 'inversify';
import {
  Decoder,
  HandshakeRequest,
  OnClose,
  OnMessage,
  Server,
  ServerEndpoint,
  ServerEndpointConfig,
  type EndpointClass,
  type InstanceFactory,
} from 'serval';
import { awilix } from 'serval/awilix';
import { inversify } from 'serval/inversify';
import { tsyringe } from 'serval/tsyringe';
import { WebSocket } from 'ws';
import { container as global, injectable as tsyringeInjectable, Lifecycle } from 'tsyringe';
import { afterTest, Journal, rejection, silent } from '../../testing/test/toolbox';

// One suite for every adapter, on the real library: services of three lives are injected into an endpoint.

let seen = new Journal();
beforeEach(() => void (seen = new Journal()));

/** One for all sessions. */
class Catalogue {
  readonly id = ++Catalogue.count;
  static count = 0;
  dispose(): void {
    seen.add('catalogue disposed');
  }
}

/** One per session. */
class Cart {
  readonly id = ++Cart.count;
  static count = 0;
  dispose(): void {
    seen.add(`cart ${this.id} disposed`);
  }
}

class Shop {
  constructor(
    readonly catalogue: Catalogue,
    readonly cart: Cart,
    readonly request: HandshakeRequest,
  ) {
    if (request.getQueryString() === 'broken') throw new Error('no stock');
  }
  @OnMessage ask(_text: string): string {
    return `catalogue ${this.catalogue.id}, cart ${this.cart.id}, ${this.request.getQueryString()}`;
  }
  @OnClose close(): void {
    seen.add(`cart ${this.cart.id} closed`);
  }
}

interface Adapter {
  readonly factory: InstanceFactory;
  readonly endpoint: EndpointClass;
}

function withAwilix(): Adapter {
  @ServerEndpoint('/awilix')
  class AwilixShop extends Shop {
    constructor(given: { catalogue: Catalogue; cart: Cart; handshakeRequest: HandshakeRequest }) {
      super(given.catalogue, given.cart, given.handshakeRequest);
    }
  }
  const container = createContainer().register({
    catalogue: asClass(Catalogue)
      .singleton()
      .disposer((one) => one.dispose()),
    cart: asClass(Cart)
      .scoped()
      .disposer((one) => one.dispose()),
  });
  return { factory: awilix(container), endpoint: AwilixShop };
}

function withTsyringe(): Adapter {
  @ServerEndpoint('/tsyringe')
  @tsyringeInjectable()
  class TsyringeShop extends Shop {
    constructor(catalogue: Catalogue, cart: Cart, request: HandshakeRequest) {
      super(catalogue, cart, request);
    }
  }
  const container = global.createChildContainer();
  container.registerSingleton(Catalogue);
  container.register(Cart, { useClass: Cart }, { lifecycle: Lifecycle.ContainerScoped });
  return { factory: tsyringe(container), endpoint: TsyringeShop };
}

function withInversify(): Adapter {
  @injectable()
  class ScopedCart extends Cart {
    @preDestroy()
    override dispose(): void {
      super.dispose();
    }
  }
  @ServerEndpoint('/inversify')
  @injectable()
  class InversifyShop extends Shop {
    constructor(
      @inject(Catalogue) catalogue: Catalogue,
      @inject(Cart) cart: Cart,
      @inject(HandshakeRequest) request: HandshakeRequest,
    ) {
      super(catalogue, cart, request);
    }
  }
  const container = new Container();
  container.bind(Catalogue).toConstantValue(new Catalogue());
  const bindCart = (scope: Container): void => void scope.bind(Cart).to(ScopedCart).inSingletonScope();
  return { factory: inversify(container, bindCart), endpoint: InversifyShop };
}

class Order {}
class BrokenDecoder {
  static readonly decodes = Decoder.text(Order);
  init(): void {
    throw new Error('no schema');
  }
  decode(): Order {
    return new Order();
  }
}

async function start({ factory, endpoint }: Adapter): Promise<(path: string) => Promise<WebSocket>> {
  const config = (path: string): ReturnType<typeof ServerEndpointConfig.Builder.create> =>
    ServerEndpointConfig.Builder.create(endpoint, path);
  const server = await new Server({
    host: '127.0.0.1',
    logger: silent,
    instanceFactory: factory,
    endpoints: [config('/shop').build(), config('/undecodable').decoders([BrokenDecoder]).build()],
  }).start();
  afterTest(() => server.stop({ grace: 1 }));
  return (path) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`);
      afterTest(() => socket.terminate());
      socket.once('open', () => resolve(socket)).once('error', reject);
    });
}

async function ask(socket: WebSocket): Promise<string> {
  const answered = new Promise<string>((resolve) => socket.once('message', (data: Buffer) => resolve(data.toString())));
  socket.send('?');
  return answered;
}

describe.each<[string, () => Adapter]>([
  ['awilix', withAwilix],
  ['tsyringe', withTsyringe],
  ['inversify', withInversify],
])('serval/%s', (_name, setUp) => {
  it('injects constructor arguments: shared ones, ones of the session, and the handshake', async () => {
    const open = await start(setUp());
    const first = await ask(await open('/shop?a'));
    const second = await ask(await open('/shop?b'));
    const [, catalogue, cart] = /^catalogue (\d+), cart (\d+), a$/.exec(first) ?? [];
    expect(second).toBe(`catalogue ${catalogue}, cart ${Number(cart) + 1}, b`);
  });

  it('ends the scope of a session after @OnClose, once, and leaves shared services alone', async () => {
    const open = await start(setUp());
    const [one, other] = [await open('/shop?a'), await open('/shop?b')];
    const [, cart] = /cart (\d+)/.exec(await ask(one)) ?? [];
    one.close();
    await seen.until(`cart ${cart} disposed`);
    expect(seen.entries).toEqual([`cart ${cart} closed`, `cart ${cart} disposed`]);
    expect(await ask(other)).toContain(`cart ${Number(cart) + 1}`);
    other.close();
    await seen.until(`cart ${Number(cart) + 1} disposed`);
    expect(seen.entries).toHaveLength(4);
  });

  it('ends the scope of a handshake that fails later', async () => {
    const open = await start(setUp());
    expect(String(await rejection(open('/undecodable')))).toContain('500');
    await seen.until(`cart ${Cart.count} disposed`);
    expect(seen.entries).toHaveLength(1);
  });

  it('refuses with 500 when a constructor throws, and ends its scope', async () => {
    const open = await start(setUp());
    expect(String(await rejection(open('/shop?broken')))).toContain('500');
    await seen.until(`cart ${Cart.count} disposed`);
    expect(seen.entries).toHaveLength(1);
  });
});
