import { createServer, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

import { WebSocketServer, type WebSocket } from 'ws';
import {
  attach,
  OnMessage,
  ServerEndpoint,
  ServerEndpointConfig,
  ServerContainer,
  type ServerContainerOptions,
} from 'serval';

import { clientFrame, upgradeRequest } from '../../../server/test/raw-connection';
import { connectTo, listen, loggerInto } from '../../../server/test/test-server';
import { afterTest, Gate, Journal } from '../../../testing/test/toolbox';

@ServerEndpoint('/chat')
class Chat {
  @OnMessage say(text: string): string {
    return `you said ${text}`;
  }
}
const config = ServerEndpointConfig.Builder.create(Chat, '/any').build();

const never = (): Promise<never> => new Promise(() => undefined);

/** A server whose own listener hands every request over; `outcomes` are the promises that it was given. */
async function handingOver(options: ServerContainerOptions) {
  const container = new ServerContainer({ logger: loggerInto(new Journal()), ...options });
  const http = createServer();
  const outcomes: Promise<unknown>[] = [];
  const came = new Gate();
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    outcomes.push(container.upgradeHttpToWebSocket(request, { socket, head }, config));
    came.open();
  });
  afterTest(() => container.stop({ grace: 1 }));
  const client = await connectTo(await listen(http));
  client.send(upgradeRequest('/x'));
  await came.promise;
  return { container, outcomes, client };
}

/** A server of ws whose sockets are adopted. */
async function adopting(options: ServerContainerOptions) {
  const container = new ServerContainer({ logger: loggerInto(new Journal()), ...options });
  const http = createServer();
  const webSocketServer = new WebSocketServer({ server: http });
  const outcomes: Promise<unknown>[] = [];
  const came = new Gate();
  webSocketServer.on('connection', (webSocket: WebSocket, request: IncomingMessage) => {
    outcomes.push(container.adoptWebSocket(webSocket, request, Chat));
    came.open();
  });
  afterTest(() => container.stop({ grace: 1 }));
  const client = await connectTo(await listen(http));
  client.send(upgradeRequest('/x'));
  await client.response();
  await came.promise;
  return { container, outcomes, client };
}

describe('while user code never settles', () => {
  describe.each<[string, ServerContainerOptions]>([
    ['authenticate', { authenticate: never }],
    ['allowedOrigins', { allowedOrigins: never }],
    ['instanceFactory', { instanceFactory: never }],
  ])('in %s, the promise of upgradeHttpToWebSocket settles', (name, options) => {
    const headers = name === 'allowedOrigins' ? { Origin: 'http://other.example' } : {};
    async function start(more: ServerContainerOptions = {}) {
      const container = new ServerContainer({ logger: loggerInto(new Journal()), ...options, ...more });
      const http = createServer();
      const handedOver = new Gate<{ readonly outcome: Promise<unknown> }>();
      http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
        handedOver.open({ outcome: container.upgradeHttpToWebSocket(request, { socket, head }, config) }),
      );
      const client = await connectTo(await listen(http));
      client.send(upgradeRequest('/x', headers));
      const { outcome } = await handedOver.promise;
      return { container, client, outcome };
    }

    test('after the handshake timeout', async () => {
      const { client, outcome } = await start({ handshakeTimeout: 20 });
      expect((await client.response()).status).toBe(503);
      expect(await outcome).toBeUndefined();
    });

    test('when the client has left', async () => {
      const { client, outcome } = await start();
      client.reset();
      expect(await outcome).toBeUndefined();
    });

    test('when the container stops', async () => {
      const { container, client, outcome } = await start();
      await container.stop();
      expect((await client.response()).status).toBe(503);
      expect(await outcome).toBeUndefined();
    });
  });

  describe('the promise of adoptWebSocket is undefined', () => {
    test('after the handshake timeout', async () => {
      const { client, outcomes } = await adopting({ instanceFactory: never, handshakeTimeout: 20 });
      expect(await client.close()).toMatch(/^1001 /);
      expect(await outcomes[0]).toBeUndefined();
    });

    test('when the client has left', async () => {
      const { client, outcomes } = await adopting({ instanceFactory: never, handshakeTimeout: 2000 });
      client.reset();
      expect(await outcomes[0]).toBeUndefined();
    });

    test('when the container stops', async () => {
      const { container, client, outcomes } = await adopting({ instanceFactory: never });
      await container.stop();
      expect(await client.close()).toBe('1001 The server is stopping.');
      expect(await outcomes[0]).toBeUndefined();
    });
  });
});

describe('a socket that is already taken', () => {
  const TAKEN = { name: 'IllegalStateException', message: expect.stringContaining('has already taken it') as string };

  test('by upgradeHttpToWebSocket is rejected, and its session stays open', async () => {
    const { container, http, second } = await listener((container, request, socket, head) => {
      void container.upgradeHttpToWebSocket(request, { socket, head }, config);
    });
    const client = await connectTo(await listen(http));
    client.send(upgradeRequest('/x'));
    await expect((await second.promise).outcome).rejects.toMatchObject(TAKEN);
    expect((await client.response()).status).toBe(101);
    client.send(clientFrame(0x81, 'hi'));
    expect(await client.text()).toBe('you said hi');
    expect(container.getSessions().size).toBe(1);
  });

  test('by an attached container, of this copy or another, is rejected', async () => {
    const { http, second } = await listener(() => undefined);
    const attached = attach(http, { logger: loggerInto(new Journal()), authenticate: () => null });
    attached.addEndpoint(Chat);
    afterTest(() => attached.stop({ grace: 1 }));
    // A proxy in front of the listeners, as development servers have it, tells every one of them.
    const emit = http.emit.bind(http);
    http.emit = (event: string, ...rest: unknown[]): boolean => {
      const told = emit(event, ...rest);
      if (event === 'upgrade') for (const listener of http.listeners(event)) listener.apply(http, rest);
      return told;
    };
    const client = await connectTo(await listen(http));
    client.send(upgradeRequest('/chat'));
    await expect((await second.promise).outcome).rejects.toMatchObject(TAKEN);
    expect((await client.response()).status).toBe(101);
    client.send(clientFrame(0x81, 'hi'));
    expect(await client.text()).toBe('you said hi');
    expect(attached.getSessions().size).toBe(1);
  });

  test('by ws is rejected', async () => {
    const webSocketServer = new WebSocketServer({ noServer: true });
    const { http, second } = await listener((_container, request, socket, head) => {
      webSocketServer.handleUpgrade(request, socket, head, (webSocket) => webSocket.send('from ws'));
    });
    const client = await connectTo(await listen(http));
    client.send(upgradeRequest('/x'));
    await expect((await second.promise).outcome).rejects.toMatchObject(TAKEN);
    expect((await client.response()).status).toBe(101);
    expect(await client.text()).toBe('from ws');
  });

  /** A server on which `first` gets each upgrade, and then upgradeHttpToWebSocket gets it once more. */
  async function listener(
    first: (container: ServerContainer, request: IncomingMessage, socket: Duplex, head: Buffer) => void,
  ) {
    const container = new ServerContainer({ logger: loggerInto(new Journal()) });
    afterTest(() => container.stop({ grace: 1 }));
    const http = createServer();
    const second = new Gate<{ readonly outcome: Promise<void> }>();
    http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      first(container, request, socket, head);
      const outcome = container.upgradeHttpToWebSocket(request, { socket, head }, config);
      outcome.catch(() => undefined);
      second.open({ outcome });
    });
    return Promise.resolve({ container, http, second });
  }
});

test('an accepted handshake also resolves the promise', async () => {
  const { outcomes, client } = await handingOver({});
  expect((await client.response()).status).toBe(101);
  expect(await outcomes[0]).toBeUndefined();
});
