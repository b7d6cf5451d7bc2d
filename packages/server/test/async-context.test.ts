import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  CloseReason,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
} from '@serval/api';
import { Http1Reply } from '../src/http1-reply';
import { fromIncomingMessage } from '../src/upgrade-request';
import { ServerContainer } from '../src/server-container';
import type { ServerContainerOptions } from '../src/container-options';
import { clientFrame, closeFrame, upgradeRequest } from './raw-connection';
import { connectTo, listen, loggerInto, TestServer } from './test-server';
import { afterTest, Journal, turn } from '../../testing/test/toolbox';

const user = new AsyncLocalStorage<string>();
const journal = { current: new Journal() };
beforeEach(() => (journal.current = new Journal()));

const note = (what: string): void => journal.current.add(`${what}: ${user.getStore() ?? 'nobody'}`);

/** Reports the context of each of its methods, and leaves another one behind. */
@ServerEndpoint('/who')
class Who {
  @OnOpen async open(): Promise<void> {
    note('open');
    user.enterWith('left by open');
    await turn();
    note('open goes on');
  }
  @OnMessage async say(text: string, session: Session): Promise<string> {
    note(text);
    user.enterWith(`left by ${text}`);
    await turn();
    if (text === 'fail') throw new Error('failed');
    if (text === 'close others')
      for (const other of session.getOpenSessions()) if (other !== session) void other.close();
    return text;
  }
  @OnMessage bytes(_bytes: Buffer): void {
    note('binary');
    user.enterWith('left by binary');
  }
  @OnError failed(error: Error): void {
    note(`error ${error.message}`);
    user.enterWith('left by error');
  }
  @OnClose close(reason: CloseReason): void {
    note(`close ${reason.getCloseCode().getCode()}`);
    user.enterWith('left by close');
  }
}

const whoAsks: ServerContainerOptions['authenticate'] = (request) => {
  note('authenticate');
  const name = request.getParameterMap().get('name')?.[0];
  if (name !== undefined) user.enterWith(name);
  return null;
};

describe.each(['native', 'ws'] as const)('the async context that authenticate enters (engine %s)', (engine) => {
  test('reaches every method of the session and nothing else', async () => {
    const server = await TestServer.start({ engine, authenticate: whoAsks }, Who);
    const ann = await server.open('/who?name=ann');
    const nobody = await server.open('/who');
    const bob = await server.open('/who?name=bob');
    for (const [client, texts] of [
      [ann, ['a1', 'a2']],
      [bob, ['b1', 'fail']],
      [nobody, ['n1', 'n2']],
    ] as const) {
      for (const text of texts) client.send(clientFrame(0x82, 'x'), clientFrame(0x81, text));
      for (const text of texts.filter((text) => text !== 'fail')) expect(await client.text()).toBe(text);
    }
    await journal.current.until('error failed: bob');
    for (const client of [ann, nobody, bob]) {
      client.send(closeFrame(4001));
      await client.close();
      client.destroy();
    }
    const seen = (pattern: RegExp): string[] => journal.current.entries.filter((entry) => pattern.test(entry));
    expect(seen(/^authenticate/)).toEqual(Array(3).fill('authenticate: nobody'));
    expect(seen(/^open/).sort()).toEqual([
      'open goes on: left by open',
      'open goes on: left by open',
      'open goes on: left by open',
      'open: ann',
      'open: bob',
      'open: nobody',
    ]);
    expect(seen(/^(?:[abn]\d|fail|error)/).sort()).toEqual([
      'a1: ann',
      'a2: ann',
      'b1: bob',
      'error failed: bob',
      'fail: bob',
      'n1: nobody',
      'n2: nobody',
    ]);
    expect(seen(/^binary/).sort()).toEqual([
      ...Array<string>(2).fill('binary: ann'),
      ...Array<string>(2).fill('binary: bob'),
      ...Array<string>(2).fill('binary: nobody'),
    ]);
    for (const who of ['ann', 'bob', 'nobody']) await journal.current.until(`close 4001: ${who}`);
    expect(seen(/^close/).sort()).toEqual(['close 4001: ann', 'close 4001: bob', 'close 4001: nobody']);
    expect(user.getStore()).toBeUndefined();
  });

  test('reaches @OnClose if another session, a timer, the container or the peer ends the session', async () => {
    const server = await TestServer.start({ engine, authenticate: whoAsks }, Who);
    const ann = await server.open('/who?name=ann');
    const bob = await server.open('/who?name=bob');
    ann.send(clientFrame(0x81, 'close others'));
    await bob.close();
    bob.destroy();
    await journal.current.until('close 1000: bob');
    const cid = await server.open('/who?name=cid');
    cid.reset();
    await journal.current.until('close 1006: cid');
    const dan = await server.open('/who?name=dan');
    for (const session of server.container.getSessions())
      if (session.getQueryString() === 'name=dan') session.setMaxIdleTimeout(1);
    dan.send(clientFrame(0x81, 'd1'));
    await journal.current.until('close 1006: dan');
    await user.run('stopping', () => server.container.stop({ grace: 1 }));
    await journal.current.until('close 1001: ann');
  });
});

test('a page and an upgrade on one keep-alive connection share no context', async () => {
  const http = createServer((request, response) => {
    user.enterWith(`page ${request.url}`);
    response.end('page');
  });
  const container = user.run('attached', () => new ServerContainer({ authenticate: whoAsks }));
  container.addEndpoint(Who);
  afterTest(() => container.stop({ grace: 1 }));
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    container.handleUpgrade(fromIncomingMessage(request), new Http1Reply(socket, head, request));
  });
  const client = await connectTo(await listen(http));
  client.send('GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await client.response();
  client.send(upgradeRequest('/who'), clientFrame(0x81, 'hi'));
  await client.response();
  await journal.current.until('hi: attached');
  expect(journal.current.entries.slice(0, 2)).toEqual(['authenticate: attached', 'open: attached']);
});

test('the context of the upgradeHttpToWebSocket call reaches the session', async () => {
  const container = new ServerContainer({ logger: loggerInto(new Journal()) });
  afterTest(() => container.stop({ grace: 1 }));
  const config = ServerEndpointConfig.Builder.create(Who, '/any').build();
  const http = createServer();
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    user.run(request.url ?? '', () => void container.upgradeHttpToWebSocket(request, { socket, head }, config)),
  );
  const port = await listen(http);
  for (const path of ['/ann', '/bob']) {
    const client = await connectTo(port);
    client.send(upgradeRequest(path), clientFrame(0x81, 'hi'));
    await client.response();
    await client.text();
    client.send(closeFrame(1000));
    await journal.current.until(`close 1000: ${path}`);
    expect(journal.current.entries.filter((entry) => entry.endsWith(`: ${path}`))).toEqual([
      `open: ${path}`,
      `hi: ${path}`,
      `close 1000: ${path}`,
    ]);
  }
});
