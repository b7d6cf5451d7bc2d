import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import {
  CloseReason,
  HandshakeRejection,
  OnMessage,
  ServerEndpoint,
  ServerEndpointConfig,
  type EndpointClass,
} from '@serval/api';
import { DIAGNOSTICS_CHANNEL, type DiagnosticEvent } from '@serval/container';
import { afterTest } from '../../testing/test/toolbox';
import type { ServerContainerOptions } from '../src/container-options';
import { clientFrame } from './raw-connection';
import { TestServer } from './test-server';

@ServerEndpoint('/chat/{room}')
class Chat {
  @OnMessage say(text: string): string {
    return text;
  }
}

/** The events from now on, until the test is over. */
function recordEvents(): DiagnosticEvent[] {
  const events: DiagnosticEvent[] = [];
  const record = (event: unknown): unknown => events.push(event as DiagnosticEvent);
  subscribe(DIAGNOSTICS_CHANNEL, record);
  afterTest(() => unsubscribe(DIAGNOSTICS_CHANNEL, record));
  return events;
}

function warnings(server: TestServer): string[] {
  return server.log.entries.filter((entry) => entry.startsWith('warn '));
}

const CHAT = { path: '/chat/blue', endpoint: 'Chat', template: '/chat/{room}' };

test('an accepted handshake is an event', async () => {
  const events = recordEvents();
  const server = await TestServer.start({}, Chat);
  await server.open('/chat/blue');
  expect(events).toContainEqual({ kind: 'handshake-accepted', ...CHAT, status: 101 });
});

describe('a 404', () => {
  test.each([
    ['another case', '/Chat/blue', '/chat/{room}'],
    ['a trailing slash', '/chat/blue/', '/chat/{room}'],
    ['a misspelt segment', '/caht/{room}', '/chat/{room}'],
  ])('for %s names the endpoint that was probably meant, once as a warning', async (_title, path, nearest) => {
    const events = recordEvents();
    const server = await TestServer.start({}, Chat);
    await server.request(path);
    await server.request(path);
    const refused = events.filter((event) => event.kind === 'handshake-refused');
    expect(refused).toEqual(Array(2).fill(expect.objectContaining({ path, status: 404, rule: 'path', nearest })));
    expect(warnings(server)).toEqual([
      `warn The handshake for ${path} was refused with 404: No endpoint is deployed there; deployed are /chat/{room}. Is ${nearest} meant? Case and a trailing slash count.`,
    ]);
  });

  test('without the context path names the endpoint with it', async () => {
    const events = recordEvents();
    const server = await TestServer.start({ contextPath: '/ws' }, Chat);
    await server.request('/chat/blue');
    expect(events).toContainEqual(expect.objectContaining({ status: 404, nearest: '/ws/chat/{room}' }));
  });

  test('far from every endpoint names none, and leaves the query out', async () => {
    const events = recordEvents();
    const server = await TestServer.start({}, Chat);
    await server.request('/wp-login.php?token=secret');
    expect(events).toContainEqual(expect.objectContaining({ path: '/wp-login.php', status: 404, nearest: undefined }));
    expect(server.log.entries.join()).not.toContain('secret');
  });

  test('is counted, and a warning again at the tenth time', async () => {
    const server = await TestServer.start({}, Chat);
    for (let time = 0; time < 10; time += 1) await server.request('/nothing');
    expect(warnings(server)).toEqual([
      expect.stringMatching(/^warn The handshake for \/nothing was refused with 404: .*\.$/),
      expect.stringMatching(/^warn .* \(10 times so far\)$/),
    ]);
  });
});

describe('a refusal', () => {
  test('of a request that opens no WebSocket is a warning with its reason', async () => {
    const events = recordEvents();
    const server = await TestServer.start({}, Chat);
    await server.request('/chat/blue', { 'Sec-WebSocket-Version': '8' });
    const reason = 'This server supports only version 13 of the WebSocket protocol.';
    expect(events).toContainEqual(expect.objectContaining({ ...CHAT, rule: 'request', status: 426, reason }));
    expect(warnings(server)).toEqual([`warn The handshake for /chat/blue was refused with 426: ${reason}`]);
  });

  test('while the container is paused says how that ends', async () => {
    const events = recordEvents();
    const server = await TestServer.start({}, Chat);
    server.container.pause();
    await server.request('/chat/blue');
    expect(events).toContainEqual(expect.objectContaining({ ...CHAT, status: 503, rule: 'paused' }));
    expect(warnings(server)[0]).toContain('container.resume()');
  });

  test('of a handshake that takes too long names the option', async () => {
    const events = recordEvents();
    const never = (): Promise<null> => new Promise(() => undefined);
    const server = await TestServer.start({ authenticate: never, handshakeTimeout: 20 }, Chat);
    await server.request('/chat/blue');
    expect(events).toContainEqual(expect.objectContaining({ status: 503, rule: 'handshakeTimeout' }));
    expect(warnings(server)[0]).toContain('handshakeTimeout');
  });

  test('by the application differs from one by the container', async () => {
    const events = recordEvents();
    const refuse = (): never => {
      throw new HandshakeRejection(401, { body: 'Log in first.\n<html>…' });
    };
    const server = await TestServer.start({ authenticate: refuse }, Chat);
    await server.request('/chat/blue');
    expect(events).toContainEqual({
      kind: 'handshake-refused',
      ...CHAT,
      status: 401,
      reason: 'Log in first.',
      rule: 'application',
      by: 'authenticate',
      closeCode: undefined,
    });
    expect(warnings(server)).toHaveLength(1);
  });

  const no = (): never => {
    throw new HandshakeRejection(402, { body: 'Pay first.' });
  };
  const configurator = (overrides: Partial<ServerEndpointConfig.Configurator>): ServerEndpointConfig => {
    const own = Object.assign(new ServerEndpointConfig.Configurator(), overrides);
    return ServerEndpointConfig.Builder.create(Chat, '/chat/{room}').configurator(own).build();
  };
  test.each<[string, ServerContainerOptions, EndpointClass | ServerEndpointConfig]>([
    ['authenticate', { authenticate: no }, Chat],
    ['authenticate', { authenticate: () => Promise.resolve().then(no) }, Chat],
    ['the handshake middleware payment', { handshakeMiddleware: [(_req, _res, next) => next(), payment] }, Chat],
    [
      'the handshake middleware 1',
      { handshakeMiddleware: [(_req, _res, next) => next(Object.assign(new Error('Pay first.'), { status: 402 }))] },
      Chat,
    ],
    ['checkOrigin', { allowedOrigins: no }, Chat],
    ['checkOrigin', {}, configurator({ checkOrigin: no })],
    ['getNegotiatedSubprotocol', {}, configurator({ getNegotiatedSubprotocol: no })],
    ['modifyHandshake', {}, configurator({ modifyHandshake: no })],
    ['the instance of Chat', { instanceFactory: no }, Chat],
  ])('by the application names the code that refused: %s', async (by, options, chat) => {
    const events = recordEvents();
    const server = await TestServer.start({ allowedOrigins: '*', ...options }, chat);
    const { status } = await server.request('/chat/blue', { Origin: 'https://other.example' });
    expect(status).toBe(402);
    expect(events).toContainEqual(expect.objectContaining({ status: 402, rule: 'application', by }));
    expect(warnings(server)).toEqual([expect.stringContaining(` (by ${by})`)]);
  });

  function payment(_request: unknown, response: ServerResponse): void {
    response.writeHead(402).end('Pay first.');
  }

  test.each<[string, ServerContainerOptions, number]>([
    ['a user', { securityConstraints: [{ paths: ['/*'], rolesAllowed: ['admin'] }] }, 401],
    [
      'a role',
      {
        authenticate: () => ({ getName: () => 'ann' }),
        securityConstraints: [{ paths: ['/*'], rolesAllowed: ['admin'] }],
      },
      403,
    ],
    ['wss:', { securityConstraints: [{ paths: ['/*'], transportGuarantee: 'CONFIDENTIAL' }] }, 403],
    ['credentials that are valid', { authenticate: () => ({ getName: () => 'ann', expiresAt: 1 }) }, 401],
  ])('because security asks for %s has the rule security', async (_what, options, status) => {
    const events = recordEvents();
    const server = await TestServer.start(options, Chat);
    await server.request('/chat/blue');
    expect(events).toContainEqual(expect.objectContaining({ status, rule: 'security', by: undefined }));
    expect(warnings(server)).toEqual([expect.not.stringContaining('(by')]);
  });

  test('by closeWith has the code of the close frame', async () => {
    const events = recordEvents();
    const refuse = (): never => {
      throw HandshakeRejection.closeWith(new CloseReason(4401, 'token expired'));
    };
    const server = await TestServer.start({ authenticate: refuse }, Chat);
    await server.request('/chat/blue');
    expect(events).toContainEqual(
      expect.objectContaining({ status: 403, closeCode: 4401, reason: expect.stringContaining('token expired') }),
    );
  });

  test('for a foreign origin is one warning for each origin', async () => {
    const events = recordEvents();
    const server = await TestServer.start({}, Chat);
    for (const Origin of ['https://a.example', 'https://b.example', 'https://a.example'])
      await server.request('/chat/blue', { Origin });
    expect(events.filter((event) => event.kind === 'handshake-refused')).toEqual(
      Array(3).fill(expect.objectContaining({ ...CHAT, status: 403, rule: 'origin' })),
    );
    expect(warnings(server)).toEqual([
      expect.stringMatching(/"https:\/\/a\.example".*allowedOrigins/),
      expect.stringMatching(/"https:\/\/b\.example".*allowedOrigins/),
    ]);
  });
});

test('origins that a client makes up do not fill the log', async () => {
  const server = await TestServer.start({}, Chat);
  for (let number = 0; number < 130; number += 1)
    await server.request('/chat/blue', { Origin: `https://o${number}.example` });
  // One for each of 100, then the first and the tenth of all others.
  expect(warnings(server)).toHaveLength(102);
});

test.each(['native', 'ws'] as const)(
  'a message that is too large is a warning that names the option (engine %s)',
  async (engine) => {
    const events = recordEvents();
    const server = await TestServer.start({ engine, textBufferSize: 10 }, Chat);
    const client = await server.open('/chat/blue');
    client.send(clientFrame(0x81, 'much too long'));
    expect((await client.frame()).payload.readUInt16BE(0)).toBe(1009);
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'limit-hit', endpoint: 'Chat', limit: 'maxMessageSize' }),
    );
    expect(warnings(server)).toEqual([expect.stringMatching(/closes with 1009.*at most 10.*textBufferSize/)]);
  },
);

test('a peer that closes with 1009 hit no limit of this side', async () => {
  const events = recordEvents();
  const server = await TestServer.start({}, Chat);
  const client = await server.open('/chat/blue');
  client.send(clientFrame(0x88, Buffer.from([0x03, 0xf1])));
  await client.frame();
  expect(events.map((event) => event.kind)).not.toContain('limit-hit');
});
