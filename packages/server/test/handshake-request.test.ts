import type { IncomingMessage } from 'node:http';
import {
  Endpoint,
  ServerEndpointConfig,
  type HandshakeRequest,
  type HandshakeResponse,
  type Principal,
  type Session,
} from '@serval/api';
import type { ServerContainerOptions } from '../src/container-options';
import { KEY, type HeaderChanges } from './raw-connection';
import { TestServer } from './test-server';
import { turn } from '../../testing/test/toolbox';

class Room extends Endpoint {
  override onOpen(session: Session): void {
    void session.getBasicRemote().sendText(`${session.getUserPrincipal()?.getName() ?? 'nobody'}`);
  }
}

/** The facts of a handshake that modifyHandshake reads. */
async function ask<T>(
  target: string,
  question: (request: HandshakeRequest, server: TestServer) => T,
  options: ServerContainerOptions & { readonly headers?: HeaderChanges } = {},
): Promise<T> {
  let answer: { readonly value: T } | undefined;
  class Asking extends ServerEndpointConfig.Configurator {
    override modifyHandshake(
      _config: ServerEndpointConfig,
      request: HandshakeRequest,
      _response: HandshakeResponse,
    ): void {
      answer = { value: question(request, server) };
    }
  }
  const config = ServerEndpointConfig.Builder.create(Room, '/rooms/{room}').configurator(new Asking()).build();
  const server: TestServer = await TestServer.start(options, config);
  await server.open(target, options.headers);
  if (answer === undefined) throw new Error('modifyHandshake was not called');
  return answer.value;
}

describe('the headers of a HandshakeRequest', () => {
  test('are found in any case, with every value', async () => {
    const seen = await ask(
      '/rooms/a',
      (request) => ['x-tag', 'X-TAG', 'X-Tag', 'X-None'].map((name) => request.getHeaders().get(name)),
      { headers: { 'X-Tag': ['1', '2'] } },
    );
    expect(seen).toEqual([['1', '2'], ['1', '2'], ['1', '2'], undefined]);
  });

  test('include those of the handshake itself', async () => {
    const key = await ask('/rooms/a', (request) => request.getHeaders().get('sec-websocket-key'));
    expect(key).toEqual([KEY]);
  });

  test('cannot be changed', async () => {
    const messages = await ask('/rooms/a', (request) => {
      const headers = request.getHeaders() as Map<string, string[]>;
      return [
        () => headers.set('Origin', ['http://evil.example']),
        () => headers.delete('Host'),
        () => headers.clear(),
        () => headers.get('host')?.push('evil.example'),
      ].map((change) => {
        try {
          change();
          return 'changed';
        } catch (error) {
          return (error as Error).name;
        }
      });
    });
    expect(messages).toEqual(Array(4).fill('TypeError'));
  });
});

describe('the parameters of a HandshakeRequest', () => {
  test('are those of the query and of the path, which take precedence', async () => {
    const parameters = await ask('/rooms/lobby?tag=1&room=evil&tag=2&empty=&alone&room=worse', (request) => [
      ...request.getParameterMap(),
    ]);
    expect(parameters).toEqual([
      ['tag', ['1', '2']],
      ['room', ['lobby']],
      ['empty', ['']],
      ['alone', ['']],
    ]);
  });

  test('are decoded: in the path once, in the query as form data', async () => {
    const parameters = await ask('/rooms/a%2Fb%2520c+d?q=a%2Fb%2520c+d&%F0%9F%98%80=x', (request) => [
      ...request.getParameterMap(),
    ]);
    expect(parameters).toEqual([
      ['q', ['a/b%20c d']],
      ['😀', ['x']],
      ['room', ['a/b%20c+d']],
    ]);
  });

  test('may have names of Object.prototype', async () => {
    const map = await ask('/rooms/a?__proto__=x&constructor=y', (request) => request.getParameterMap());
    expect(map.get('__proto__')).toEqual(['x']);
    expect(map.get('constructor')).toEqual(['y']);
    expect(map.get('toString')).toBeUndefined();
  });

  test('the query string is the one received, or null', async () => {
    expect(await ask('/rooms/a?x=%zz&y', (request) => request.getQueryString())).toBe('x=%zz&y');
    expect(await ask('/rooms/a?', (request) => request.getQueryString())).toBe('');
    expect(await ask('/rooms/a', (request) => request.getQueryString())).toBeNull();
  });
});

describe('the URI of a HandshakeRequest', () => {
  test.each([
    ['/rooms/a?x=1', { Host: 'chat.example:8080' }, 'ws://chat.example:8080/rooms/a?x=1'],
    ['/rooms/caf%C3%A9', { Host: 'chat.example' }, 'ws://chat.example/rooms/caf%C3%A9'],
    ['/rooms/a', { Host: '[::1]:9' }, 'ws://[::1]:9/rooms/a'],
    ['/x/../rooms/a', { Host: 'chat.example' }, 'ws://chat.example/rooms/a'],
  ])('of %s is absolute and has the query', async (target, headers, expected) => {
    expect(await ask(target, (request) => request.getRequestURI().href, { headers })).toBe(expected);
  });

  test('is a new object each time, so that changes do not affect other callers', async () => {
    const href = await ask('/rooms/a', (request) => {
      request.getRequestURI().hostname = 'evil.example';
      return request.getRequestURI().hostname;
    });
    expect(href).toBe('localhost');
  });
});

describe('the two ends of a HandshakeRequest (WS 2.3)', () => {
  test('are the addresses and ports of the socket', async () => {
    const ends = await ask('/rooms/a', (request, server) => {
      const { socket } = request.getNativeRequest() as IncomingMessage;
      expect(request.getLocalPort()).toBe(server.port);
      expect(request.getRemotePort()).toBe(socket.remotePort);
      expect(request.getRemotePort()).toBeGreaterThan(0);
      return [request.getLocalAddress(), request.getRemoteAddress(), request.getRemoteHostName()];
    });
    expect(ends).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.1']);
  });

  test('the local name is the host that the client used', async () => {
    const name = await ask('/rooms/a', (request) => request.getLocalHostName(), {
      headers: { Host: 'chat.example:80' },
    });
    expect(name).toBe('chat.example');
  });

  test('there is no certificate without TLS', async () => {
    expect(await ask('/rooms/a', (request) => request.getUserX509CertificateChain())).toBeNull();
  });
});

describe('the locale of a HandshakeRequest (WS 2.3)', () => {
  const ownLocale = new Intl.Locale(Intl.DateTimeFormat().resolvedOptions().locale).toString();

  test.each([
    ['de', 'de'],
    ['fr-CH, fr;q=0.9, en;q=0.8', 'fr-CH'],
    ['en;q=0.5, de;q=0.9, fr;q=0.9', 'de'],
    ['en;q=0.1, de', 'de'],
    ['*, pt-BR;q=0.3', 'pt-BR'],
    ['en ; q=0.2 , de ; q=0.7', 'de'],
    [['en;q=0.2', 'de;q=0.4'], 'de'],
    ['!!!, de;q=0.1', 'de'],
    ['de;q=0', ownLocale],
    ['de;q=high', ownLocale],
    ['*', ownLocale],
    ['', ownLocale],
    [null, ownLocale],
  ])('by Accept-Language %j is %s', async (header, expected) => {
    const locale = await ask('/rooms/a', (request) => request.getPreferredLocale(), {
      headers: { 'Accept-Language': header },
    });
    expect(locale).toBeInstanceOf(Intl.Locale);
    expect(locale.toString()).toBe(expected);
  });
});

describe('the user of a HandshakeRequest', () => {
  const ada: Principal = { getName: () => 'ada' };

  test('is null without authenticate, and has no roles', async () => {
    const seen = await ask('/rooms/a', (request) => [request.getUserPrincipal(), request.isUserInRole('admin')], {
      isUserInRole: () => true,
    });
    expect(seen).toEqual([null, false]);
  });

  test('[WSC-7.2-2] is the result of authenticate, and then the session’s user', async () => {
    const config = ServerEndpointConfig.Builder.create(Room, '/rooms/{room}').build();
    const server = await TestServer.start(
      {
        authenticate: async (request) => {
          await turn();
          return request.getHeaders().has('Authorization') ? ada : null;
        },
      },
      config,
    );
    expect(await (await server.open('/rooms/a', { Authorization: 'Bearer x' })).text()).toBe('ada');
    expect(await (await server.open('/rooms/a')).text()).toBe('nobody');
  });

  test('has the roles that isUserInRole confirms', async () => {
    const seen = await ask(
      '/rooms/a',
      (request) => [request.getUserPrincipal(), request.isUserInRole('admin'), request.isUserInRole('guest')],
      { authenticate: () => ada, isUserInRole: (user, role) => user === ada && role === 'admin' },
    );
    expect(seen).toEqual([ada, true, false]);
  });

  test('has no roles without isUserInRole', async () => {
    const seen = await ask('/rooms/a', (request) => request.isUserInRole('admin'), { authenticate: () => ada });
    expect(seen).toBe(false);
  });

  test('is null if authenticate returns undefined', async () => {
    const seen = await ask('/rooms/a', (request) => request.getUserPrincipal(), {
      authenticate: () => undefined as unknown as null,
    });
    expect(seen).toBeNull();
  });

  test('authenticate receives the path parameters of the route, so that it checks the routed path', async () => {
    const rooms: unknown[] = [];
    const authenticate = (request: HandshakeRequest): null => {
      rooms.push(request.getParameterMap().get('room')?.[0]);
      return null;
    };
    await ask('/x/%2e%2E/rooms/%61dmin', () => undefined, { authenticate });
    expect(rooms).toEqual(['admin']);
  });
});

describe('[WSC-7.2-1] the HTTP session of a HandshakeRequest', () => {
  test('is the session property of the native request, if the host set it', async () => {
    const session = { user: 'ada' };
    const seen = await ask('/rooms/a', (request) => request.getHttpSession(), {
      authenticate: (request) => {
        expect(request.getHttpSession()).toBeNull();
        Object.assign(request.getNativeRequest() as object, { session });
        return null;
      },
    });
    expect(seen).toBe(session);
  });

  test.each([undefined, null])('is null if the property is %p', async (session) => {
    const seen = await ask('/rooms/a', (request) => request.getHttpSession(), {
      authenticate: (request) => {
        Object.assign(request.getNativeRequest() as object, { session });
        return null;
      },
    });
    expect(seen).toBeNull();
  });
});
