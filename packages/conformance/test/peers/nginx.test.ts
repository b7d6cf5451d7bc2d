import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWithPeer, FrontServer } from '.';
import {
  CloseReason,
  HandshakeException,
  OnClose,
  OnMessage,
  OnOpen,
  Server,
  ServerEndpoint,
  ServerEndpointConfig,
  type HandshakeRequest,
  type HandshakeResponse,
  Session,
} from 'serval';
import { MAX_MESSAGE_BYTES } from '../../src/limits';
import { failureOf } from '../application';
import { EchoCaller, type CallOptions } from '../echo-caller';
import { Heard } from '../echo-peer';
import { changedByEcho } from '../echo-table';
import { LOCALHOST } from '../localhost';

// A busy machine.
jest.setTimeout(30_000);

// Our client, nginx, our server. The configuration is the guide's own.

const PAGE = readFileSync(join(__dirname, '../../../../docs/guides/reverse-proxies.md'), 'utf8');
const [, SNIPPET = ''] = /^```nginx\n([^]*?)^```$/m.exec(PAGE) ?? [];

/** Replaces something that has to be there. */
function replaced(text: string, part: string, by: string): string {
  if (!text.includes(part)) throw new Error(`Expected ${JSON.stringify(part)} in the configuration of the guide.`);
  return text.replace(part, by);
}

/** The guide's configuration for a port, in front of another one. 127.0.0.2 is no name of the certificate. */
function guided(port: number, upstream: number): string {
  return [
    ['listen 443 ssl;', `listen 127.0.0.1:${port} ssl; listen 127.0.0.2:${port} ssl;`],
    ['/etc/ssl/chat.example.pem', LOCALHOST.certFile],
    ['/etc/ssl/chat.example.key', LOCALHOST.keyFile],
    ['http://127.0.0.1:8080', `http://127.0.0.1:${upstream}`],
  ].reduce((text, [part = '', by = '']) => replaced(text, part, by), SNIPPET);
}

/** The server's ends of the connections, in the order of their handshakes. */
const ends: Echo[] = [];

class Observing extends ServerEndpointConfig.Configurator {
  override modifyHandshake(config: ServerEndpointConfig, request: HandshakeRequest, response: HandshakeResponse): void {
    const header = (name: string): string => request.getHeaders().get(name)?.join(' and ') ?? 'none';
    config.getUserProperties().set('uri', request.getRequestURI().href);
    config.getUserProperties().set('for', header('X-Forwarded-For'));
    config.getUserProperties().set('proto', header('X-Forwarded-Proto'));
    config.getUserProperties().set('address', request.getRemoteAddress());
    if (request.getQueryString() === 'cookie') response.getHeaders().set('Set-Cookie', ['c='.padEnd(20_000, 'x')]);
  }
}

@ServerEndpoint({ value: '/echo', configurator: Observing })
class Echo {
  readonly told = new Heard();
  session: Session | undefined;

  @OnOpen
  open(session: Session): void {
    this.session = session;
    ends.push(this);
  }

  @OnMessage
  text(message: string, session: Session): string | Promise<undefined> {
    if (message !== 'close') return message;
    return session.close(new CloseReason(4002, 'as you wish')).then(() => undefined);
  }

  @OnMessage
  binary(message: Buffer): Buffer {
    return message;
  }

  @OnClose
  close(reason: CloseReason): void {
    this.told.add(`close ${reason.getCloseCode().getCode()} ${reason.getReasonPhrase()}`.trim());
  }
}

describeWithPeer(FrontServer.kind('nginx'), 'nginx as the guide has it', () => {
  let server: Server;
  let nginx: FrontServer;
  beforeAll(async () => {
    server = await new Server({
      host: '127.0.0.1',
      endpoints: [Echo],
      logger: { error: () => undefined, warn: () => undefined, debug: () => undefined },
      perMessageDeflate: true,
      textBufferSize: MAX_MESSAGE_BYTES,
      binaryBufferSize: MAX_MESSAGE_BYTES,
      allowedOrigins: ['https://chat.example:8443'],
    }).start();
    // Beside the guide's location, some that a reader may come from.
    const location = (path: string, ...lines: string[]): string =>
      `location ${path} { proxy_pass http://127.0.0.1:${server.port}/echo; ${lines.join(' ')} }\n`;
    const upgrade = `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;`;
    nginx = await FrontServer.start('nginx', (port) =>
      replaced(
        guided(port, server.port),
        '  location / {',
        [
          location('/without-upgrade'),
          location('/without-host', upgrade),
          location('/without-port', upgrade, 'proxy_set_header Host $host;'),
          location('/impatient', upgrade, 'proxy_read_timeout 500ms;'),
          `location /nobody { proxy_pass http://127.0.0.1:1; ${upgrade} }`,
          '  location / {',
        ].join('  '),
      ),
    );
  });
  afterAll(async () => {
    await nginx?.stop();
    await server?.stop({ grace: 0 });
  });

  const authority = (): string => `localhost:${nginx.port}`;
  const open = (path = '/echo', options: CallOptions = {}): Promise<EchoCaller> =>
    EchoCaller.open(`wss://${authority()}${path}`, { sslContext: { ca: LOCALHOST.cert }, ...options });
  const refusal = async (path: string, options?: CallOptions): Promise<HandshakeException> => {
    const error = await failureOf(() => open(path, options));
    if (error instanceof HandshakeException) return error;
    throw error;
  };

  test.each([
    [false, []],
    [true, ['permessage-deflate']],
  ])('echoes every message (perMessageDeflate: %s)', async (perMessageDeflate, extensions) => {
    const caller = await open('/echo', { perMessageDeflate });
    expect(caller.extensions).toEqual(extensions);
    expect(await changedByEcho(caller.exchange)).toEqual([]);
    await caller.session.getBasicRemote().sendPing(Buffer.from('are you there'));
    expect(await caller.told.until(1)).toEqual(['pong are you there']);
    await caller.session.close();
  });

  test('echoes a message of 16 MiB, however slowly nginx reads it', async () => {
    const caller = await open();
    const bytes = Buffer.alloc(MAX_MESSAGE_BYTES, 'sixteen mebibytes, ');
    const echo = await caller.exchange([bytes]);
    expect(typeof echo !== 'string' && echo.equals(bytes)).toBe(true);
    await caller.session.close();
  });

  test('the certificate must be trusted and match the requested name', async () => {
    const before = ends.length;
    const untrusted = await refusal('/echo', { sslContext: {} });
    const another = await failureOf(() =>
      EchoCaller.open(`wss://127.0.0.2:${nginx.port}/echo`, { sslContext: { ca: LOCALHOST.cert } }),
    );
    const codes = [untrusted, another as HandshakeException].map(({ code, cause }) => [
      code,
      (cause as NodeJS.ErrnoException).code,
    ]);
    expect(codes).toEqual([
      ['WS_CONNECT_TLS', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
      ['WS_CONNECT_TLS', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ]);
    expect(ends).toHaveLength(before);
  });

  test('passes close codes and phrases on in both directions', async () => {
    const leaving = await open();
    await leaving.session.close(new CloseReason(4001, 'enough'));
    expect(await leaving.told.closed()).toEqual(['close 4001 enough']);
    expect(await ends.at(-1)?.told.closed()).toEqual(['close 4001 enough']);

    const dismissed = await open();
    await dismissed.session.getBasicRemote().sendText('close');
    expect(await dismissed.told.closed()).toEqual(['close 4002 as you wish']);
  });

  test('the server receives the requested host, and the client’s address and scheme only in headers', async () => {
    const caller = await open('/echo', { headers: { 'X-Forwarded-For': '192.0.2.1', 'X-Forwarded-Proto': 'http' } });
    const session = ends.at(-1)?.session;
    expect(Object.fromEntries(session?.getUserProperties() ?? [])).toEqual({
      uri: `ws://${authority()}/echo`,
      for: '127.0.0.1',
      proto: 'https',
      address: '127.0.0.1',
    });
    expect([session?.isSecure(), session?.getRemoteAddress()]).toEqual([false, '127.0.0.1']);
    await caller.session.close();
  });

  describe('Origin', () => {
    test('treats pages of the public host and port as the server’s own, and refuses others', async () => {
      const caller = await open('/echo', { headers: { Origin: `https://${authority()}` } });
      await caller.session.close();
      const foreign = await refusal('/echo', { headers: { Origin: 'https://localhost' } });
      expect([foreign.code, foreign.status]).toEqual(['WS_CONNECT_REFUSED', 403]);
    });

    test.each(['/without-host', '/without-port'])('%s, pages of the public host are foreign', async (path) => {
      expect((await refusal(path, { headers: { Origin: `https://${authority()}` } })).status).toBe(403);
      // Unless they are listed.
      const caller = await open(path, { headers: { Origin: 'https://chat.example:8443' } });
      await caller.session.close();
    });
  });

  test('nginx ends a session after its timeout without traffic: 1006 on both sides', async () => {
    const caller = await open('/impatient');
    expect((await caller.told.closed()).at(-1)).toMatch(/^close 1006/);
    expect((await ends.at(-1)?.told.closed())?.at(-1)).toMatch(/^close 1006/);
  });

  test.each([
    ['nothing listens behind it', '/nobody', 502],
    ['the headers of the response are too large for it', '/echo?cookie', 502],
    ['it does not pass Upgrade on', '/without-upgrade', 426],
    ['the server has no such endpoint', '/nowhere', 404],
  ])('where %s, the client is refused with the status', async (_title, path, status) => {
    const error = await refusal(path);
    expect([error.code, error.status]).toEqual(['WS_CONNECT_REFUSED', status]);
  });

  test('passes on the close of a stopping server', async () => {
    const another = await new Server({ host: '127.0.0.1', endpoints: [Echo] }).start();
    const front = await FrontServer.start('nginx', (port) => guided(port, another.port));
    try {
      const caller = await EchoCaller.open(`wss://localhost:${front.port}/echo`, {
        sslContext: { ca: LOCALHOST.cert },
      });
      await another.stop();
      expect((await caller.told.closed()).at(-1)).toMatch(/^close 1001/);
    } finally {
      await front.stop();
      await another.stop();
    }
  });
});
