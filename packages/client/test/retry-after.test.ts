import { readOptions } from '@serval/api/spi';
import { Endpoint, HandshakeException, type Session } from '@serval/api';
import { ClientContainer, type RetryAfterOption } from '../src';
import { RETRY_AFTER_OPTIONS, retrying } from '../src/retry';
import { accepting, LiteralServer, status, type Answer } from './literal-server';
import { afterTest, Gate, rejection, silent } from '../../testing/test/toolbox';

class Nothing extends Endpoint {
  override onOpen() {}
}

async function connect(
  server: LiteralServer,
  retryAfter?: RetryAfterOption,
  handshakeTimeout = 30_000,
): Promise<Session> {
  const container = new ClientContainer({ logger: silent, sessionCloseTimeout: 200, retryAfter, handshakeTimeout });
  const session = await container.connectToServer(Nothing, server.url());
  afterTest(() => session.close());
  return session;
}

/** Refuses `count` times. */
function busy(times: number, line = '503 Service Unavailable', header = 'Retry-After: 0'): Answer {
  let left = times;
  return (request) => (left-- > 0 ? status(line, header)(request) : accepting()(request));
}

test('repeats a connect up to five times while the server answers with Retry-After', async () => {
  const server = await LiteralServer.start(busy(5));
  expect((await connect(server, true)).isOpen()).toBe(true);
  expect([server.requests.length, server.openConnections]).toEqual([6, 1]);
});

test.each<[what: string, answer: Answer, option: RetryAfterOption | undefined, requests: number]>([
  ['by default, not at all', busy(9), undefined, 1],
  ['with false, not at all', busy(9), false, 1],
  ['not a sixth time', busy(9), true, 6],
  ['not more often than attempts', busy(9), { attempts: 2 }, 3],
  ['not after more than 300 seconds', busy(9, undefined, 'Retry-After: 301'), true, 1],
  ['not after more than maxDelay', busy(9, undefined, 'Retry-After: 1'), { maxDelay: 999 }, 1],
  ['not without Retry-After', busy(9, undefined, 'Server: x'), true, 1],
  ['not for another status', busy(9, '500 Internal Server Error'), true, 1],
])('%s', async (_what, answer, option, requests) => {
  const server = await LiteralServer.start(answer);
  const error = await rejection(connect(server, option));
  expect(error).toBeInstanceOf(HandshakeException);
  expect(error.code).toBe('WS_CONNECT_REFUSED');
  expect(server.requests).toHaveLength(requests);
  await server.deserted();
});

test('also waits after a 429, as long as each response says', async () => {
  const waited: number[] = [];
  const answers = [
    [429, '7'],
    [503, '0'],
    [429, '300'],
  ] as const;
  let attempt = 0;
  const session = await retrying(
    readOptions(RETRY_AFTER_OPTIONS, {}),
    () => {
      const [code, seconds] = answers[attempt++] ?? [];
      if (code === undefined) return Promise.resolve('open');
      const headers = new Map([['Retry-After', [seconds]]]);
      return Promise.reject(new HandshakeException('busy', undefined, 'WS_CONNECT_REFUSED', { status: code, headers }));
    },
    (milliseconds) => Promise.resolve(waited.push(milliseconds)),
  );
  expect([session, waited]).toEqual(['open', [7000, 0, 300_000]]);
});

test('handshakeTimeout applies to each attempt, not to the waits', async () => {
  const server = await LiteralServer.start(busy(1, undefined, 'Retry-After: 1'));
  expect((await connect(server, true, 900)).isOpen()).toBe(true);
});

test.each<[option: unknown, message: RegExp]>([
  [5, /^retryAfter is true, false or an object of options; found 5\.$/],
  [null, /found null/],
  [{ attempts: 0 }, /^retryAfter\.attempts is a whole number of attempts from 1 to 1000; found 0\.$/],
  [
    { maxDelay: Infinity },
    /^retryAfter\.maxDelay is a whole number of milliseconds from 0 to 2147483647; found Infinity\.$/,
  ],
])('%j throws a DeploymentException', (option, message) => {
  expect(() => new ClientContainer({ retryAfter: option as never })).toThrow(message);
});

test('a stopped container does not wait and sends no more requests', async () => {
  const asked = new Gate();
  const server = await LiteralServer.start((request) => {
    asked.open();
    return busy(9, undefined, 'Retry-After: 300')(request);
  });
  const container = new ClientContainer({ logger: silent, retryAfter: true });
  const connecting = rejection(container.connectToServer(Nothing, server.url()));
  await asked.promise;
  await server.deserted();
  await container.stop();
  expect(await connecting).toMatchObject({ code: 'WS_CONNECT_STOPPED' });
  expect(server.requests).toHaveLength(1);
});
