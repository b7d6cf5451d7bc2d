import {
  CloseReason,
  HandshakeRejection,
  OnMessage,
  OnOpen,
  ServerEndpoint,
  Session,
  type EndpointClass,
  type Principal,
} from 'serval';
import { TestServer } from '@serval/testing';
import { overBothEngines } from '../application';

// Chapters 7 and 8 speak of Jakarta EE: injection, the HttpSession, web.xml. Here is what an application has instead.

class Rooms {
  readonly names = ['red', 'blue'];
}

@ServerEndpoint('/rooms')
class Chat {
  constructor(readonly rooms: Rooms) {}
  @OnMessage list(_text: string): string {
    return this.rooms.names.join(' ');
  }
}

@ServerEndpoint('/private/{page}')
class Private {
  @OnMessage whoAmI(_text: string, session: Session): string {
    return session.getUserPrincipal()?.getName() ?? 'nobody';
  }
}

@ServerEndpoint('/public')
class Public {
  @OnOpen open(session: Session): void {
    void session.getBasicRemote().sendText(session.getUserPrincipal()?.getName() ?? 'nobody');
  }
}

const ann: Principal = { getName: () => 'ann' };

overBothEngines((application) => {
  test('[WSC-7.1.1-1] instead of CDI, an instance factory creates the endpoints with their dependencies', async () => {
    const rooms = new Rooms();
    const made: object[] = [];
    await application().start(Chat, {
      instanceFactory: <T extends object>(endpointClass: EndpointClass<T>): T => {
        const instance = new (endpointClass as unknown as new (rooms: Rooms) => T)(rooms);
        made.push(instance);
        return instance;
      },
    });
    for (const count of [1, 2]) {
      expect(await (await application().connect('/rooms')).say('?').next()).toBe('text red blue');
      expect(made).toHaveLength(count);
    }
    expect(made.every((instance) => instance instanceof Chat && instance.rooms === rooms)).toBe(true);
  });

  test('[WSC-7.2-3] instead of a container that ends logins, the application closes the sessions of a user', async () => {
    const server = await application().start(Private, {
      authenticate: (request) => ({ getName: () => request.getHeaders().get('authorization')?.[0] ?? '' }),
    });
    const connect = (authorization: string) => application().connect('/private/1', { headers: { authorization } });
    const [first, second] = [await connect('ann'), await connect('bob')];
    for (const session of server.container.getSessions()) {
      if (session.getUserPrincipal()?.getName() === 'ann')
        void session.close(new CloseReason(CloseReason.CloseCodes.VIOLATED_POLICY, 'signed out'));
    }
    expect(await first.next()).toBe('close 1008 signed out');
    expect(await second.say('?').next()).toBe('text bob');
  });

  test('[WSC-8.1-1] [WSC-8.2-1] a protected path answers 401 to unknown users, and the others are open to all', async () => {
    await application().start([Private, Public], {
      authenticate: (request) => {
        const isKnown = request.getHeaders().get('authorization')?.[0] === 'Bearer of-ann';
        if (request.getRequestURI().pathname.startsWith('/private/') && !isKnown)
          throw new HandshakeRejection(401, { headers: { 'WWW-Authenticate': 'Bearer' } });
        return isKnown ? ann : null;
      },
    });
    expect(await application().ask('/private/1')).toMatchObject({ status: 401 });
    expect(await application().ask('/private/1', { headers: { authorization: 'Bearer no' } })).toMatchObject({
      status: 401,
    });
    const known = { headers: { authorization: 'Bearer of-ann' } };
    expect(await (await application().connect('/private/2', known)).say('?').next()).toBe('text ann');
    expect(await (await application().connect('/public')).next()).toBe('text nobody');
  });

  test('[WSC-8.2-2] only GET opens a WebSocket, even if its path allows other methods', async () => {
    await application().start(Public);
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const socket = await application().socket();
      socket.send(
        `${method} /public HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`,
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
      );
      expect([method, (await socket.readHead()).status]).toEqual([method, 405]);
    }
    expect(await (await application().connect('/public')).next()).toBe('text nobody');
  });

  test('[WSC-8.3-1] accepts ws: if nothing requires encryption', async () => {
    const uris: string[] = [];
    @ServerEndpoint('/chat')
    class Plain {
      @OnOpen open(session: Session): void {
        uris.push(`${session.getRequestURI().protocol} ${session.isSecure()}`);
      }
    }
    await application().start(Plain);
    await application().connect('/chat');
    expect(uris).toEqual(['ws: false']);
  });
});

test('[WSC-8.3-2] accepts only wss: if a configurator requires encryption', async () => {
  const server = new TestServer({
    endpoints: [Public],
    authenticate: (request) => {
      if (request.getRequestURI().protocol !== 'wss:') throw new HandshakeRejection(403);
      return ann;
    },
  });
  await expect(server.connect('/public')).rejects.toMatchObject({ status: 403 });
  expect(await (await server.connect('/public', { isSecure: true })).receive()).toBe('ann');
  await server.stop();
});
