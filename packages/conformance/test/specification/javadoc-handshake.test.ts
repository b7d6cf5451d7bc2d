import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  attach,
  OnMessage,
  ServerEndpoint,
  ServerEndpointConfig,
  type HandshakeRequest,
  type HandshakeResponse,
  type ServerOptions,
} from 'serval';
import { LiteralSocket } from '@serval/testing';
import { overBothEngines } from '../application';

// HandshakeRequest and HandshakeResponse, as modifyHandshake sees them.

/** Reads, and may change, the next handshake. */
let look: (request: HandshakeRequest, response: HandshakeResponse) => void = () => undefined;

class Looking extends ServerEndpointConfig.Configurator {
  override modifyHandshake(
    _config: ServerEndpointConfig,
    request: HandshakeRequest,
    response: HandshakeResponse,
  ): void {
    look(request, response);
  }
}
@ServerEndpoint({ value: '/chat/{room}', configurator: Looking })
class Chat {
  @OnMessage say(text: string): string {
    return text;
  }
}

overBothEngines((application, engine) => {
  /** The result of reading a handshake's request. */
  async function seen<T>(
    target: string,
    read: (request: HandshakeRequest) => T,
    headers: Readonly<Record<string, string>> = {},
    options: ServerOptions = {},
  ): Promise<T> {
    const found: T[] = [];
    look = (request) => void found.push(read(request));
    await application().start(Chat, options);
    await application().connectLiterally(target, headers);
    const [only] = found;
    if (found.length !== 1 || only === undefined) throw new Error(`Expected one handshake; found ${found.length}.`);
    return only;
  }

  test('[JAVADOC:77] sends the headers of the response with the 101, each value on its own line', async () => {
    look = (_request, response) => {
      response.getHeaders().set('X-Room', ['red', 'blue']);
      response.getHeaders().set('x-empty', []);
    };
    await application().start(Chat);
    const { head } = await application().connectLiterally('/chat/red');
    expect(head.headers.get('x-room')).toEqual(['red', 'blue']);
    expect(head.headers.has('x-empty')).toBe(false);
    expect(head.headers.get('sec-websocket-accept')).toEqual(['s3pPLMBiTxaQ9kYGzzhZRbK+xOo=']);
  });

  test('[JAVADOC:174] getHeaders returns the request’s headers, with names in any case, and is read-only', async () => {
    const [values, changes] = await seen(
      '/chat/red',
      (request) => {
        const headers = request.getHeaders() as Map<string, string[]>;
        const attempts = [
          () => headers.set('X-New', ['1']),
          () => headers.delete('X-Room'),
          () => headers.clear(),
          () => headers.get('X-Room')?.push('blue'),
        ];
        const outcomes = attempts.map((attempt) => {
          try {
            attempt();
            return 'changed';
          } catch {
            return 'refused';
          }
        });
        const names = ['X-Room', 'x-room', 'X-ROOM', 'sec-websocket-version', 'X-New'];
        return [names.map((name) => headers.get(name)), outcomes];
      },
      { 'x-Room': 'red' },
    );
    expect(values).toEqual([['red'], ['red'], ['red'], ['13'], undefined]);
    expect(changes).toEqual(Array(4).fill('refused'));
  });

  test('[JAVADOC:175] getHttpSession returns the session that the host set on its request, or null', async () => {
    const sessions: unknown[] = [];
    look = (request) => void sessions.push(request.getHttpSession());
    const http = createServer();
    const container = attach(http, {
      engine,
      // In place of a session middleware, which does not run for upgrades by itself.
      authenticate(request) {
        const native = request.getNativeRequest() as IncomingMessage & { session?: unknown };
        if (native.url === '/chat/signed-on') native.session = { user: 'ann' };
        return null;
      },
    });
    container.addEndpoint(Chat);
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    try {
      for (const target of ['/chat/signed-on', '/chat/nobody']) {
        const client = await LiteralSocket.connect((http.address() as AddressInfo).port);
        expect((await client.upgrade(target)).status).toBe(101);
        client.destroy();
      }
      expect(sessions).toEqual([{ user: 'ann' }, null]);
    } finally {
      await container.stop({ grace: 0 });
      await new Promise((resolve) => http.close(resolve));
    }
  });

  test('[JAVADOC:176] getParameterMap returns the parameters of query and path, each with its values in order', async () => {
    const parameters = await seen('/chat/red?a=2&b=x%20y&a=1', (request) => new Map(request.getParameterMap()));
    expect(parameters).toEqual(
      new Map([
        ['a', ['2', '1']],
        ['b', ['x y']],
        ['room', ['red']],
      ]),
    );
  });

  test('[JAVADOC:177] getQueryString returns the query as received, or null', async () => {
    expect(await seen('/chat/red?a=1&b=%20', (request) => [request.getQueryString()])).toEqual(['a=1&b=%20']);
    expect(await seen('/chat/red', (request) => [request.getQueryString()])).toEqual([null]);
  });

  test('[JAVADOC:178] getRequestURI returns the absolute URI of the request, with its query', async () => {
    const uri = await seen('/chat/red?a=1', (request) => request.getRequestURI(), { Host: 'chat.example:8080' });
    expect(uri.href).toBe('ws://chat.example:8080/chat/red?a=1');
  });

  const ann = { getName: () => 'ann' };

  test('[JAVADOC:179] getUserPrincipal returns the authenticated user of the handshake, or null', async () => {
    expect(await seen('/chat/red', (request) => [request.getUserPrincipal()])).toEqual([null]);
    const known = { authenticate: () => Promise.resolve(ann) };
    expect(await seen('/chat/red', (request) => [request.getUserPrincipal()], {}, known)).toEqual([ann]);
  });

  test('[JAVADOC:180] isUserInRole checks the user, and is false without one', async () => {
    const roles = (request: HandshakeRequest): boolean[] =>
      ['admin', 'guest'].map((role) => request.isUserInRole(role));
    const isUserInRole: NonNullable<ServerOptions['isUserInRole']> = (principal, role) =>
      principal.getName() === 'ann' && role === 'admin';
    expect(await seen('/chat/red', roles, {}, { isUserInRole })).toEqual([false, false]);
    expect(await seen('/chat/red', roles, {}, { isUserInRole, authenticate: () => ann })).toEqual([true, false]);
    expect(await seen('/chat/red', roles, {}, { authenticate: () => ann })).toEqual([false, false]);
  });
});
