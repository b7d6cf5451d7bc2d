import {
  CloseReason,
  IllegalStateException,
  IOException,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  PathParam,
  Server,
  ServerEndpoint,
  ServerEndpointConfig,
  type Extension,
  type RemoteEndpoint,
  type ServerOptions,
  Session,
} from 'serval';
import { clientFrame, LiteralSocket } from '@serval/testing';
import { Heard } from '../echo-peer';
import { answerTo, ECHO_PATH, HANDSHAKE_ROWS } from './tomcat-table';

// The statements of docs/guides/differences-from-tomcat.md about Serval, by default and in each profile.

let told = new Heard();
let remotes: RemoteEndpoint.Basic[] = [];

class Recorder extends ServerEndpointConfig.Configurator {
  override getNegotiatedExtensions(installed: readonly Extension[], requested: readonly Extension[]) {
    for (const extension of requested) {
      const parameters = extension.getParameters().map((one) => [one.getName(), one.getValue()]);
      told.add(`offer ${extension.getName()} ${JSON.stringify(parameters)}`);
    }
    return super.getNegotiatedExtensions(installed, requested);
  }
}

@ServerEndpoint({ value: ECHO_PATH, configurator: Recorder })
class Echo {
  @OnOpen open(session: Session): void {
    remotes.push(session.getBasicRemote());
  }
  @OnMessage text(text: string): string {
    return text;
  }
  @OnError error(error: Error): void {
    told.add(`error ${error.name}`);
  }
  @OnClose close(reason: CloseReason): void {
    told.add(`close ${reason.getCloseCode().getCode()}`);
  }
}

@ServerEndpoint('/rooms/{room}')
class Room {
  @OnMessage text(_text: string, @PathParam('room') room: string): string {
    return room;
  }
}

const PROFILES = [undefined, 'tomcat-9', 'tomcat-10.1', 'tomcat-11'] as const;
const ENGINES = ['native', 'ws'] as const;

describe.each(PROFILES)('with compatibility %s', (compatibility) => {
  let server: Server;
  const cleanUps: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  async function start(options: ServerOptions = {}): Promise<Server> {
    told = new Heard();
    remotes = [];
    server = await new Server({ host: '127.0.0.1', endpoints: [Echo, Room], compatibility, ...options }).start();
    cleanUps.push(() => server.stop({ grace: 0 }));
    return server;
  }

  async function open(path = ECHO_PATH, headers: Record<string, string> = {}): Promise<LiteralSocket> {
    const { shown, socket } = await answerTo(server.port, { path, headers });
    cleanUps.push(() => socket.destroy());
    expect(shown).toMatch(/^101/);
    return socket;
  }

  test.each(HANDSHAKE_ROWS)('answers $title with $serval', async (row) => {
    await start({ perMessageDeflate: true });
    const { shown, socket } = await answerTo(server.port, row);
    socket.destroy();
    expect(shown).toBe(row.serval);
  });

  test.each<[path: string, room: string]>([
    ['/rooms/a%2Fb', 'a/b'],
    ['/rooms/a%5Cb', 'a\\b'],
    ['/rooms/a;x=1', 'a;x=1'],
    ['/rooms/%7Broom%7D', '{room}'],
  ])('%s is the room %s', async (path, room) => {
    await start();
    const socket = await open(path);
    socket.send(clientFrame(0x81, '?'));
    expect((await socket.read(2 + room.length)).toString('utf8', 2)).toBe(room);
  });

  test.each(['/rooms/', '/rooms//', '/rooms'])('%s does not match: a variable is not empty', async (path) => {
    await start();
    const { shown, socket } = await answerTo(server.port, { path });
    socket.destroy();
    expect(shown).toBe('404');
  });

  test('an extension parameter without a value has the empty string', async () => {
    await start();
    await open(ECHO_PATH, { 'Sec-WebSocket-Extensions': 'x; a; b=1' });
    expect(await told.until(1)).toEqual(['offer x [["a",""],["b","1"]]']);
  });

  test('a class and a configuration of it cannot share one path', async () => {
    const configuration = ServerEndpointConfig.Builder.create(Echo, ECHO_PATH).build();
    await expect(start({ endpoints: [Echo, configuration] })).rejects.toMatchObject({
      code: 'WS_DEPLOY_DUPLICATE_PATH',
    });
  });

  describe.each(ENGINES)('over %s', (engine) => {
    test.each<[how: string, end: (socket: LiteralSocket) => void]>([
      ['is reset', (socket) => socket.reset()],
      ['ends without a close frame', (socket) => socket.end()],
    ])('a connection that %s', async (_how, end) => {
      await start({ engine });
      end(await open());
      const expected = compatibility === undefined ? ['close 1006'] : ['error IOException', 'close 1006'];
      expect(await told.until(expected.length)).toEqual(expected);
    });

    test('connectionLossIsError overrides the profile', async () => {
      const isError = compatibility === undefined;
      await start({ engine, connectionLossIsError: isError });
      (await open()).reset();
      const expected = isError ? ['error IOException', 'close 1006'] : ['close 1006'];
      expect(await told.until(expected.length)).toEqual(expected);
    });

    test('neither a close frame nor a protocol error counts as a loss', async () => {
      await start({ engine });
      const closing = await open();
      closing.send(clientFrame(0x88, [0x03, 0xe9]));
      expect(await told.until(1)).toEqual(['close 1001']);
      const breaking = await open();
      breaking.send(clientFrame(0x83));
      expect(await told.until(2)).toEqual(['close 1001', 'close 1002']);
    });

    test('sends on a closed session throw IOException, its methods IllegalStateException', async () => {
      await start({ engine });
      const socket = await open();
      const [session] = server.container.getSessions();
      socket.send(clientFrame(0x88, [0x03, 0xe8]));
      await told.until(1);
      await socket.readToEnd();
      const [remote] = remotes;
      await expect(remote?.sendText('late')).rejects.toBeInstanceOf(IOException);
      await expect(remote?.sendPing()).rejects.toBeInstanceOf(IOException);
      expect(() => session?.getBasicRemote()).toThrow(IllegalStateException);
    });
  });

  test('answers a close phrase that is not UTF-8 with 1007', async () => {
    await start();
    const socket = await open();
    socket.send(clientFrame(0x88, [0x03, 0xe8, 0xff, 0xfe]));
    expect((await socket.read(4)).readUInt16BE(2)).toBe(1007);
  });
});
