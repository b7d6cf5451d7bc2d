import { Encoder, IllegalStateException, IOException, type CloseReason, type Session } from '@serval/api';
import type { WebSocketClient } from '../src';
import { WaitingSends } from '../src/waiting-sends';
import { PeerServer } from './peer-server';
import { open, turns } from './reconnecting';
import { Gate, Inbox, rejection } from '../../testing/test/toolbox';

describe('sends while the client is away', () => {
  /** A connection that is away until the gate opens. */
  async function away(options: object = {}): Promise<{ server: PeerServer; connection: WebSocketClient; back: Gate }> {
    const server = await PeerServer.start();
    const back = new Gate();
    const lost = new Gate();
    const delay = (): Promise<number> => {
      lost.open();
      return back.promise.then(() => 0);
    };
    const { reconnect, ...rest } = options as { reconnect?: object };
    const connection = await open(server.url, { reconnect: { ...reconnect, delay }, ...rest });
    (await server.clients.next()).socket.terminate();
    await lost.promise;
    expect([connection.state, connection.session]).toEqual(['away', undefined]);
    return { server, connection, back };
  }

  test('wait, and leave in order, after the sends of onOpen and before later ones', async () => {
    const { server, connection, back } = await away({
      async onOpen(session: Session) {
        await turns();
        await session.getBasicRemote().sendText('hello');
      },
    });
    const settled: string[] = [];
    const sent = ['one', 'two', 'three'].map((message) => connection.send(message).then(() => settled.push(message)));
    void connection.send(Buffer.from([4]));
    await turns();
    expect(settled).toEqual([]);
    back.open();
    await Promise.all(sent);
    expect(settled).toEqual(['one', 'two', 'three']);
    expect(connection.state).toBe('open');
    await connection.send('later');
    const { received } = await server.clients.next();
    for (const expected of ['hello', 'one', 'two', 'three', '04', 'later'])
      expect(await received.next()).toBe(expected);
  });

  test('keep their order with sends that follow while they leave', async () => {
    const encoded = new Gate<string>();
    class Slow implements Encoder.Text<Date> {
      static readonly encodes = Encoder.text(Date);
      encode() {
        return encoded.promise;
      }
    }
    const { server, connection, back } = await away({ encoders: [Slow] });
    void connection.send(new Date());
    void connection.send('second');
    back.open();
    while (connection.state !== 'open') await turns(1);
    void connection.send('third');
    await turns();
    encoded.open('first');
    const { received } = await server.clients.next();
    expect([await received.next(), await received.next(), await received.next()]).toEqual(['first', 'second', 'third']);
  });

  test('do not block the next session’s sends if one of them never settles', async () => {
    class Endless implements Encoder.Text<Date> {
      static readonly encodes = Encoder.text(Date);
      encode() {
        return new Promise<string>(() => undefined);
      }
    }
    const { server, connection, back } = await away({
      encoders: [Endless],
      sessionCloseTimeout: 60_000,
      onOpen(session: Session, { attempt }: { attempt: number }) {
        if (attempt === 1) session.setMaxIdleTimeout(1);
      },
      onText: () => undefined,
      reconnect: { minUptime: 60_000 },
    });
    void connection.send(new Date());
    back.open();
    // It does not answer the close frame, so the connection stays for the whole sessionCloseTimeout.
    (await server.clients.next()).socket.pause();
    const { received } = await server.clients.next();
    while (connection.state !== 'open') await turns(1);
    await connection.send('next');
    expect(await received.next()).toBe('next');
  });

  describe('may be awaited', () => {
    test('by a handler of the lost session', async () => {
      const server = await PeerServer.start();
      const asked = new Gate();
      const answer = new Gate();
      const ended = new Inbox();
      const connection: WebSocketClient = await open(server.url, {
        async onText(text: string) {
          asked.open();
          await answer.promise;
          await connection.send(`re ${text}`);
          await connection.send('and more');
        },
        onClose: (reason: CloseReason) => ended.add(`closed ${reason.getCloseCode().getCode()}`),
      });
      const first = await server.clients.next();
      first.socket.send('question');
      await asked.promise;
      first.socket.terminate();
      while (connection.state === 'open') await turns(1);
      answer.open();
      const { received } = await server.clients.next();
      expect([await received.next(), await received.next()]).toEqual(['re question', 'and more']);
      expect(ended.all).toEqual(['closed 1006']);
    });

    test('by the loop over its messages', async () => {
      const server = await PeerServer.start();
      const connection = await open(server.url);
      const first = await server.clients.next();
      // The second waits for the loop; after a third one the end would not be read.
      for (const message of ['one', 'two']) first.socket.send(message);
      first.socket.close(1012);
      const looping = (async () => {
        for await (const message of connection) {
          while (connection.state === 'open') await turns(1);
          await connection.send(`re ${String(message)}`);
        }
      })();
      const { received } = await server.clients.next();
      expect([await received.next(), await received.next()]).toEqual(['re one', 're two']);
      await connection.close();
      await looping;
    });

    test('by onOpen and onClose', async () => {
      const server = await PeerServer.start();
      const connection: WebSocketClient = await open(server.url, {
        onOpen: (_session: Session, { attempt }: { attempt: number }) =>
          attempt > 0 && connection.send(`open ${attempt}`),
        onClose: () => connection.send('closed').catch(() => undefined),
      });
      (await server.clients.next()).socket.terminate();
      const { received } = await server.clients.next();
      expect([await received.next(), await received.next()]).toEqual(['closed', 'open 1']);
    });

    test('by a handler of a session that is lost before they leave', async () => {
      class Endless implements Encoder.Text<Date> {
        static readonly encodes = Encoder.text(Date);
        encode() {
          return new Promise<string>(() => undefined);
        }
      }
      const sending = new Gate();
      const { server, connection, back } = await away({
        encoders: [Endless],
        async onText(text: string) {
          const sent = connection.send(text);
          sending.open();
          await sent;
        },
      });
      void connection.send(new Date());
      back.open();
      const { socket } = await server.clients.next();
      socket.send('held up');
      await sending.promise;
      socket.terminate();
      expect(await (await server.clients.next()).received.next()).toBe('held up');
    });
  });

  test('are limited by number', async () => {
    const { server, connection, back } = await away({ reconnect: { maxQueuedMessages: 2 } });
    const fit = [connection.send('one'), connection.send('two')];
    const error = await rejection(connection.send('three'));
    expect(error).toBeInstanceOf(IllegalStateException);
    expect(error.message).toMatch(
      /2 messages of 6 bytes wait .* at most 2 of 1048576 may \(reconnect.maxQueuedMessages/,
    );
    back.open();
    await Promise.all(fit);
    await connection.send('four');
    const { received } = await server.clients.next();
    expect([await received.next(), await received.next(), await received.next()]).toEqual(['one', 'two', 'four']);
  });

  test('are limited by bytes', async () => {
    const { connection } = await away({ reconnect: { maxQueuedBytes: 10 } });
    void connection.send('12345');
    void connection.send(Buffer.alloc(4));
    expect(await rejection(connection.send('12'))).toBeInstanceOf(IllegalStateException);
    void connection.send('1');
    expect(await rejection(connection.send(new ArrayBuffer(1)))).toBeInstanceOf(IllegalStateException);
  });

  test('release the bytes that were counted, even if the buffer changed since', async () => {
    const sends = new WaitingSends({ maxQueuedMessages: 10, maxQueuedBytes: 10 });
    const buffer = new ArrayBuffer(10);
    void sends.add(buffer);
    structuredClone(buffer, { transfer: [buffer] });
    expect(sends.take()?.message).toBe(buffer);
    void sends.add('1234567890');
    expect(sends.isEmpty).toBe(false);
  });

  test('reject with whileAway: reject', async () => {
    const { server, connection, back } = await away({ reconnect: { whileAway: 'reject' } });
    const error = await rejection(connection.send('one'));
    expect(error).toBeInstanceOf(IOException);
    expect(error.message).toMatch(/the client is away/);
    back.open();
    const { received } = await server.clients.next();
    while (connection.state !== 'open') await turns(1);
    await connection.send('two');
    expect(await received.next()).toBe('two');
  });

  test('wait from the loss on, even before onClose returns', async () => {
    const server = await PeerServer.start();
    const states: string[] = [];
    let sent: Promise<void> | undefined;
    const connection = await open(server.url, {
      onClose() {
        if (sent !== undefined) return;
        states.push(connection.state);
        sent = connection.send('from onClose');
      },
    });
    (await server.clients.next()).socket.terminate();
    expect(await (await server.clients.next()).received.next()).toBe('from onClose');
    await sent;
    expect(states).toEqual(['away']);
  });

  test('reject when the connection ends without reconnecting', async () => {
    const { connection } = await away();
    const sent = rejection(connection.send('one'));
    void connection.send('nobody waits for this one');
    await connection.close();
    expect(await sent).toBeInstanceOf(IOException);
  });

  test('reject if no encoder accepts them, and the others leave', async () => {
    const { server, connection, back } = await away();
    const bad = rejection(connection.send({}));
    void connection.send('good');
    back.open();
    expect((await bad).code).toBe('WS_ENCODE');
    expect(await (await server.clients.next()).received.next()).toBe('good');
  });
});
