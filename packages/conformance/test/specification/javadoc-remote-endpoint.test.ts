import { IllegalArgumentException, IOException, PongMessage, type RemoteEndpoint, type Session } from 'serval';
import { failureOf, overBothEngines } from '../application';
import { Heard } from '../echo-peer';

// RemoteEndpoint: batching, pings and pongs, by both of its kinds.

const REMOTES: readonly [string, (session: Session) => RemoteEndpoint][] = [
  ['Basic', (session) => session.getBasicRemote()],
  ['Async', (session) => session.getAsyncRemote()],
];

overBothEngines((application) => {
  describe.each(REMOTES)('RemoteEndpoint.%s', (_kind, remoteOf) => {
    test('[JAVADOC:84] does not batch by default', async () => {
      const { session, client } = await application().openSession();
      const remote = remoteOf(session);
      expect(remote.getBatchingAllowed()).toBe(false);
      await remote.setBatchingAllowed(true);
      expect(remote.getBatchingAllowed()).toBe(true);
      await remote.setBatchingAllowed(false);
      expect(remote.getBatchingAllowed()).toBe(false);
      void session.getBasicRemote().sendText('at once');
      expect(await client.next()).toBe('text at once');
    });

    test('[JAVADOC:82] while it batches, messages wait for flushBatch, and their sends are complete', async () => {
      const { session, client } = await application().openSession();
      const remote = remoteOf(session);
      await remote.setBatchingAllowed(true);
      await session.getBasicRemote().sendText('one');
      await session.getAsyncRemote().sendText('two');
      // The engine answers a ping by itself, so its pong would come behind messages that had left.
      client.socket.ping(Buffer.from([1]));
      expect(await client.next()).toBe('pong 01');
      await remote.flushBatch();
      expect(await client.take(2)).toEqual(['text one', 'text two']);
    });

    test('[JAVADOC:91] sends batched messages when batching is switched off, and later ones at once', async () => {
      const { session, client } = await application().openSession();
      const remote = remoteOf(session);
      await remote.setBatchingAllowed(true);
      await session.getBasicRemote().sendText('batched');
      client.socket.ping(Buffer.from([1]));
      expect(await client.next()).toBe('pong 01');
      await remote.setBatchingAllowed(false);
      expect(await client.next()).toBe('text batched');
      await session.getBasicRemote().sendText('at once');
      expect(await client.next()).toBe('text at once');
    });

    test.each<[string, (remote: RemoteEndpoint) => Promise<void>]>([
      ['[JAVADOC:83] flushBatch', (remote) => remote.flushBatch()],
      ['[JAVADOC:92] switching batching off', (remote) => remote.setBatchingAllowed(false)],
    ])(
      '%s fails with an IOException when the connection is gone and messages have not been sent',
      async (_id, send) => {
        const { session, client, told } = await application().openSession();
        const remote = remoteOf(session);
        await remote.setBatchingAllowed(true);
        await session.getBasicRemote().sendText('never sent');
        client.end();
        await told.closed();
        expect(await failureOf(() => send(remote))).toBeInstanceOf(IOException);
      },
    );

    test('[JAVADOC:85] sendPing sends the data, and the pong handler receives the answer', async () => {
      const { session } = await application().openSession();
      const heard = new Heard();
      session.addMessageHandler(PongMessage, (pong) => heard.add(pong.getApplicationData().toString('hex')));
      await remoteOf(session).sendPing(Buffer.from([1, 2]));
      await remoteOf(session).sendPing();
      await remoteOf(session).sendPing(Buffer.alloc(125, 9));
      expect(await heard.until(3)).toEqual(['0102', '', '09'.repeat(125)]);
    });

    test('[JAVADOC:88] sendPong sends an unsolicited pong', async () => {
      const { session, client } = await application().openSession();
      await remoteOf(session).sendPong(Buffer.from([1, 2]));
      await remoteOf(session).sendPong(Buffer.alloc(125, 9));
      expect(await client.take(2)).toEqual(['pong 0102', `pong ${'09'.repeat(125)}`]);
    });

    test.each<[string, (remote: RemoteEndpoint, data: Buffer) => Promise<void>]>([
      ['[JAVADOC:87] a ping', (remote, data) => remote.sendPing(data)],
      ['[JAVADOC:90] a pong', (remote, data) => remote.sendPong(data)],
    ])('%s of more than 125 bytes throws IllegalArgumentException and sends nothing', async (_id, send) => {
      const { session, client } = await application().openSession();
      expect(await failureOf(() => send(remoteOf(session), Buffer.alloc(126)))).toBeInstanceOf(
        IllegalArgumentException,
      );
      await session.getBasicRemote().sendText('next');
      expect(await client.next()).toBe('text next');
    });

    test.each<[string, (remote: RemoteEndpoint) => Promise<void>]>([
      ['[JAVADOC:86] a ping', (remote) => remote.sendPing()],
      ['[JAVADOC:89] a pong', (remote) => remote.sendPong()],
    ])('%s fails with an IOException when the connection is gone', async (_id, send) => {
      const { session, client, told } = await application().openSession();
      const remote = remoteOf(session);
      client.end();
      await told.closed();
      expect(await failureOf(() => send(remote))).toBeInstanceOf(IOException);
    });
  });
});
