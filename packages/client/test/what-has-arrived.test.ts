import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputStream, type CloseReason, type Session } from '@serval/api';
import { connect, type ConnectOptions } from '../src';
import { accepting, LiteralServer, type ReceivedRequest } from './literal-server';
import { close, open, text, turns } from './reconnecting';
import { silent } from '../../testing/test/toolbox';

const fixture = (part: string): Buffer =>
  readFileSync(join(__dirname, `../../server/test/fixtures/localhost.test-${part}.pem`));
const TLS = { key: fixture('key'), cert: fixture('cert') };
const TEXTS = Array.from({ length: 200 }, (_, index) => `text ${index}`);
const FRAMES = TEXTS.map(text);
const accept = accepting();

/** Answers with everything at once: 101, frames and FIN leave in one write. */
function sayingAtOnce(...frames: readonly Buffer[]) {
  return (request: ReceivedRequest): undefined => {
    request.connection.send(accept(request) ?? '', ...frames).end();
  };
}

const codeOf = (reason: CloseReason): string =>
  `${reason.getCloseCode().getCode()} ${reason.getReasonPhrase()}`.trimEnd();

describe.each([
  ['ws', undefined],
  ['wss', TLS],
])('everything that a server sends at once, including its FIN, reaches the client over %s', (_name, tls) => {
  const options: ConnectOptions = { logger: silent, ...(tls && { sslContext: { ca: tls.cert } }) };

  test.each<[string, Buffer[], string]>([
    ['a close frame', [close(4001)], '4001'],
    ['no close frame', [], '1006'],
  ])('200 texts and %s reach a slow handler, then the end', async (_title, last, end) => {
    const server = await LiteralServer.start(sayingAtOnce(...FRAMES, ...last), tls);
    const heard: string[] = [];
    const onText = async (message: string): Promise<void> => {
      heard.push(message);
      await turns(1);
    };
    const connection = await connect(server.url(), { ...options, onText });
    expect(codeOf(await connection.closed)).toBe(end);
    expect(heard).toEqual(TEXTS);
  });

  test('200 texts and a close frame reach a loop with an empty body', async () => {
    const server = await LiteralServer.start(sayingAtOnce(...FRAMES, close(4001)), tls);
    const connection = await connect(server.url(), options);
    const heard: unknown[] = [];
    for await (const message of connection) heard.push(message);
    expect(heard).toEqual(TEXTS);
    expect(codeOf(await connection.closed)).toBe('4001');
  });

  test('a slow onOpen loses nothing', async () => {
    const server = await LiteralServer.start(sayingAtOnce(...FRAMES, close(4001)), tls);
    const heard: string[] = [];
    const connection = await connect(server.url(), {
      ...options,
      onOpen: () => turns(50),
      onText: (message: string) => void heard.push(message),
    });
    expect(codeOf(await connection.closed)).toBe('4001');
    expect(heard).toEqual(TEXTS);
  });

  test('does not reconnect to a server that closes with 4001 and disconnects', async () => {
    const server = await LiteralServer.start(sayingAtOnce(...FRAMES, close(4001)), tls);
    const connection = await open(server.url(), {
      ...options,
      onText: () => turns(1),
    });
    expect(codeOf(await connection.closed)).toBe('4001');
    expect(server.requests).toHaveLength(1);
  });

  test('an unfinished message fails when the connection is lost, and the client reconnects', async () => {
    const half = Buffer.from([0x02, 1, 7]);
    const server = await LiteralServer.start(sayingAtOnce(text('busy'), half), tls);
    const failures: string[] = [];
    let opened = 0;
    const reopened = new Promise<void>((resolve) => {
      void open(server.url(), {
        ...options,
        onOpen: (session: Session) => {
          opened += 1;
          if (opened === 2) resolve();
          session.addMessageHandler(InputStream, async (stream) => void (await stream.readAll()));
        },
        onText: () => turns(10),
        onError: (error: Error) => failures.push(error.message),
      });
    });
    await reopened;
    expect(failures[0]).toBe('The session ended in the middle of the message.');
  });
});
