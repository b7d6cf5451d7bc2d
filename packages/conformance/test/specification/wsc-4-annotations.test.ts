import { CloseReason, OnClose, OnError, OnMessage, OnOpen, ServerEndpoint, Session } from 'serval';
import { overBothEngines } from '../application';
import { Heard } from '../echo-peer';

// Chapter 4: what the annotations do on the wire. The tests of packages/plan and negative-deployments.test.ts cover
// rejected deployments.

overBothEngines((application) => {
  test.each([
    { offered: ['v3', 'v2', 'v1'], chosen: 'v2' },
    { offered: ['v1', 'v2'], chosen: 'v1' },
    { offered: ['v3'], chosen: '' },
    { offered: [], chosen: '' },
  ])('[WSC-4.1.4-1] for the offer $offered, the annotation’s subprotocols v1 and v2 give "$chosen"', async (row) => {
    @ServerEndpoint({ value: '/chat', subprotocols: ['v1', 'v2'] })
    class Chat {
      @OnMessage say(_text: string, session: Session): string {
        return session.getNegotiatedSubprotocol();
      }
    }
    await application().start(Chat);
    const { socket, head } = await application().connectLiterally(
      '/chat',
      row.offered.length === 0 ? {} : { 'Sec-WebSocket-Protocol': row.offered.join(', ') },
    );
    expect(head.headers.get('sec-websocket-protocol')).toEqual(row.chosen === '' ? undefined : [row.chosen]);
    socket.send([0x81, 0x81, 0, 0, 0, 0, 0x3f]);
    // 0x81 FIN+text · length · the subprotocol as the session returns it
    expect(await socket.read(2 + row.chosen.length)).toEqual(
      Buffer.concat([Buffer.from([0x81, row.chosen.length]), Buffer.from(row.chosen)]),
    );
  });

  test('[WSC-4.4-1] @OnOpen runs for each new client once it is connected', async () => {
    const heard = new Heard();
    @ServerEndpoint('/chat')
    class Chat {
      @OnOpen async open(session: Session): Promise<void> {
        heard.add(`open ${session.isOpen()} ${session.getOpenSessions().has(session)}`);
        await session.getBasicRemote().sendText('welcome');
      }
    }
    await application().start(Chat);
    for (const count of [1, 2]) {
      const client = await application().connect('/chat');
      expect(await client.next()).toBe('text welcome');
      expect(heard.entries).toEqual(Array(count).fill('open true true'));
    }
  });

  const CLOSINGS: readonly [
    string,
    (parts: { client: () => Promise<void>; session: Session; stop: () => Promise<void> }) => unknown,
    number,
  ][] = [
    ['the peer', ({ client }) => client(), 4000],
    ['a call of session.close()', ({ session }) => session.close(new CloseReason(4001)), 4001],
    ['the container', ({ stop }) => stop(), 1001],
  ];
  test.each(CLOSINGS)(
    '[WSC-4.5-1] @OnClose is called when %s ends a connection, before the session is over',
    async (_who, end, code) => {
      const heard = new Heard();
      const sessions: Session[] = [];
      @ServerEndpoint('/chat')
      class Chat {
        @OnOpen open(session: Session): void {
          sessions.push(session);
        }
        @OnClose close(session: Session, reason: CloseReason): void {
          heard.add(`close ${reason.getCloseCode().getCode()} ${session.isOpen()} ${session === sessions[0]}`);
        }
      }
      const server = await application().start(Chat);
      const client = await application().connect('/chat');
      const [session] = sessions;
      if (session === undefined) throw new Error('The session was not opened.');
      await end({ client: () => client.close(4000), session, stop: () => server.stop() });
      expect(await heard.closed()).toEqual([`close ${code} true true`]);
      await client.heard.closed();
      expect(heard.entries).toHaveLength(1);
    },
  );

  test('[WSC-4.6-2] @OnError receives the same error object that was thrown', async () => {
    const thrown = new RangeError('too many');
    const caught: unknown[] = [];
    @ServerEndpoint('/chat')
    class Chat {
      @OnMessage say(text: string): string {
        if (text === 'throw') throw thrown;
        return text;
      }
      @OnMessage reject(_bytes: Buffer): Promise<string> {
        return Promise.reject(thrown);
      }
      @OnError failed(error: Error, session: Session): void {
        caught.push(error);
        void session.getBasicRemote().sendText(`caught ${error.message}`);
      }
    }
    await application().start(Chat);
    const client = await application().connect('/chat');
    expect(
      await client
        .say('throw')
        .say(Buffer.from([1]))
        .take(2),
    ).toEqual(Array(2).fill('text caught too many'));
    expect(caught.map((error) => error === thrown)).toEqual([true, true]);
  });
});
