import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import {
  ClientEndpoint,
  CloseReason,
  OnClose,
  OnMessage,
  OnOpen,
  Server,
  ServerEndpoint,
  Session,
  ClientContainer,
} from 'serval';

const DEAD = '1006 The peer has not answered a ping within the pong timeout.';

@ServerEndpoint('/quiet')
@ClientEndpoint
class Quiet {
  static latest: Quiet;
  session: Session | undefined;
  readonly ended: Promise<string>;
  #end: (reason: string) => void = () => undefined;
  constructor() {
    this.ended = new Promise((resolve) => (this.#end = resolve));
    Quiet.latest = this;
  }
  @OnOpen open(session: Session): void {
    this.session = session;
  }
  @OnMessage text(text: string): string {
    return text;
  }
  @OnClose close(reason: CloseReason): void {
    this.#end(`${reason.getCloseCode().getCode()} ${reason.getReasonPhrase()}`);
  }
}

/** Resolves once so many pings have come. */
async function pings(socket: WebSocket, count: number): Promise<void> {
  for (let ping = 0; ping < count; ping += 1) await once(socket, 'ping');
}

describe.each(['native', 'ws'] as const)('a server on the engine %s', (engine) => {
  let server: Server;
  beforeAll(async () => {
    const options = { host: '127.0.0.1', endpoints: [Quiet], engine, pingInterval: 30 };
    server = await new Server({ ...options, pongTimeout: 30_000 }).start();
  });
  afterAll(() => server.stop());

  test('pings a silent client and keeps its session while it answers', async () => {
    const client = new WebSocket(`ws://127.0.0.1:${server.port}/quiet`);
    await pings(client, 5);
    expect(server.container.getSessions().size).toBe(1);
    client.close(4000);
    expect(await Quiet.latest.ended).toBe('4000 ');
  });

  test('ends the session of a client that does not answer pings', async () => {
    const client = new WebSocket(`ws://127.0.0.1:${server.port}/quiet`, { autoPong: false });
    await once(client, 'open');
    Quiet.latest.session?.getUserProperties().set('serval.pongTimeout', 60);
    const closed = once(client, 'close');
    await pings(client, 1);
    expect(await Quiet.latest.ended).toBe(DEAD);
    expect((await closed)[0]).toBe(1001);
  });

  test('ends the session of a client that reads nothing', async () => {
    const client = new WebSocket(`ws://127.0.0.1:${server.port}/quiet`);
    await once(client, 'open');
    client.pause();
    const { session, ended } = Quiet.latest;
    session?.getUserProperties().set('serval.pongTimeout', 60);
    void session?.getAsyncRemote().sendBinary(new Uint8Array(12_000_000));
    expect(await ended).toBe(DEAD);
    client.terminate();
  });
});

describe('a client', () => {
  const container = new ClientContainer({ pingInterval: 30, pongTimeout: 60 });

  async function serve(options: { autoPong: boolean }): Promise<{ server: WebSocketServer; uri: string }> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
    await once(server, 'listening');
    return { server, uri: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/` };
  }

  test('pings a silent server and keeps the session while it answers', async () => {
    const { server, uri } = await serve({ autoPong: true });
    const accepted = once(server, 'connection') as Promise<[WebSocket]>;
    const session = await new ClientContainer({ pingInterval: 30, pongTimeout: 30_000 }).connectToServer(Quiet, uri);
    const [webSocket] = await accepted;
    await pings(webSocket, 5);
    expect(session.isOpen()).toBe(true);
    await session.close();
    server.close();
    await once(server, 'close');
  });

  test('ends its session with a server that does not answer pings', async () => {
    const { server, uri } = await serve({ autoPong: false });
    await container.connectToServer(Quiet, uri);
    expect(await Quiet.latest.ended).toBe(DEAD);
    server.close();
    await once(server, 'close');
  });
});
