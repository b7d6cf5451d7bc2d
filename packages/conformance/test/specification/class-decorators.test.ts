import {
  ClientEndpoint,
  DeploymentException,
  OnMessage,
  ServerEndpoint,
  ServerContainer,
  type EndpointClass,
} from 'serval';
import { TestServer } from '@serval/testing';

const logger = { error() {}, warn() {}, debug() {} };

// The constructor type that TypeScript requires of a mixin.
type AnyClass = new (...args: any[]) => object;

function anonymous<T extends AnyClass>(Base: T): T {
  return class extends Base {
    readonly isDecorated = true;
  };
}

function named<T extends AnyClass>(target: T): T {
  return class Traced extends target {
    readonly isDecorated = true;
  };
}

function proxied<T extends AnyClass>(Base: T): T {
  return new Proxy(Base, {});
}

@anonymous
@ServerEndpoint('/above')
class Above {
  @OnMessage say(text: string): string {
    return `${text} ${'isDecorated' in this}`;
  }
}

@ServerEndpoint('/below')
@anonymous
class Below {
  @OnMessage say(text: string): string {
    return `${text} ${'isDecorated' in this}`;
  }
}

@named
@ServerEndpoint('/named')
class Named {
  @OnMessage say(text: string): string {
    return `${text} ${'isDecorated' in this}`;
  }
}

@anonymous
@named
@ServerEndpoint('/stacked')
@proxied
@anonymous
class Stacked {
  @OnMessage say(text: string): string {
    return `${text} ${'isDecorated' in this}`;
  }
}

@proxied
@ServerEndpoint('/proxied')
class Proxied {
  @OnMessage say(text: string): string {
    return `${text} true`;
  }
}

test.each<[string, EndpointClass]>([
  ['/above', Above],
  ['/below', Below],
  ['/named', Named],
  ['/stacked', Stacked],
  ['/proxied', Proxied],
])('deploys the class that a class decorator returned at %s', async (path, endpoint) => {
  const server = new TestServer({ endpoints: [endpoint], logger });
  const peer = await server.connect(path);
  peer.send('hello');
  expect(await peer.receive()).toBe('hello true');
});

test('WSC-4.8: a subclass written in the program inherits no annotation', () => {
  class Sub extends Below {}
  @ServerEndpoint('/base')
  class Base {
    @OnMessage say(text: string): string {
      return text;
    }
  }
  class Child extends Base {}
  for (const endpoint of [Child, class Other extends Base {}])
    expect(() => new ServerContainer({ logger }).addEndpoint(endpoint)).toThrow(/has no @ServerEndpoint/);
  expect(() => new ServerContainer({ logger }).addEndpoint(Sub)).toThrow(DeploymentException);
});

test('no message contains an empty class name', () => {
  const bad = anonymous(
    class Chat {
      say(): void {}
    },
  );
  expect(() => new ServerContainer({ logger }).addEndpoint(bad)).toThrow(/^Chat has no @ServerEndpoint/);
  expect(() => new ServerContainer({ logger }).addEndpoint(class {})).toThrow(/^\(anonymous class\) has no/);
});

test('a class decorator may also replace a client endpoint', async () => {
  @anonymous
  @ClientEndpoint
  class Client {
    @OnMessage say(text: string): string {
      return text;
    }
  }
  const container = new ServerContainer({ logger });
  // Nothing listens there; what matters is that it got so far.
  await expect(container.connectToServer(Client, 'ws://127.0.0.1:1/')).rejects.toMatchObject({ code: 'WS_CONNECT_IO' });
});
