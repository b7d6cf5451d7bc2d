import { inspect } from 'node:util';
import {
  CloseReason,
  EncodeException,
  Encoder,
  IllegalArgumentException,
  IOException,
  OnMessage,
  OnOpen,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
} from '@serval/api';
import { TestServer, type Peer, type TestServerOptions } from '@serval/testing';
import { afterTest, turn } from '../../testing/test/toolbox';

class Price {
  constructor(readonly value: number) {}
}

class PriceEncoder implements Encoder.Text<Price> {
  static readonly encodes = Encoder.text(Price);
  encode(price: Price): string {
    return `costs ${price.value}`;
  }
}

const sessions: Session[] = [];

@ServerEndpoint('/chat/{room}', { encoders: [PriceEncoder] })
class Chat {
  @OnOpen open(session: Session): void {
    sessions.push(session);
  }
  @OnMessage ignore(_text: string): void {}
}

async function open(target: string, options: TestServerOptions = {}): Promise<{ session: Session; peer: Peer }> {
  const server = new TestServer({ endpoints: [Chat], ...options });
  afterTest(() => server.stop());
  const peer = await server.connect(target);
  const session = sessions.at(-1);
  if (session === undefined) throw new Error('no session');
  return { session, peer };
}

/** Closes the session and waits until @OnClose has returned. */
async function end(session: Session, peer: Peer): Promise<void> {
  void peer.close();
  await session.close();
  while (session.isOpen()) await turn();
}

describe('the short properties of a session', () => {
  test('are the values of the methods with the specification’s names', async () => {
    const ann = { getName: () => 'ann', roles: ['admin'] };
    const { session } = await open('/chat/blue%20room?name=ann&name=bob', { authenticate: () => ann });
    expect(session.id).toBe(session.getId());
    expect(session.user).toBe(ann);
    expect(session.user).toBe(session.getUserPrincipal());
    expect({ ...session.params }).toEqual({ room: 'blue room' });
    expect(session.query.getAll('name')).toEqual(['ann', 'bob']);
    expect(session.query.toString()).toBe(session.getQueryString());
  });

  test('are the same objects at every call', async () => {
    const { session } = await open('/chat/blue');
    expect(session.params).toBe(session.params);
    expect(session.query).toBe(session.query);
    expect(session.data).toBe(session.data);
  });

  test('are empty for a handshake without a user and a query', async () => {
    const { session } = await open('/chat/blue');
    expect(session.user).toBeNull();
    expect(session.query.size).toBe(0);
    expect(Object.keys(session.data)).toEqual([]);
  });

  test('stay readable after the session has closed', async () => {
    const { session, peer } = await open('/chat/blue?name=ann');
    session.data.name = 'ann';
    await end(session, peer);
    expect(() => session.getUserProperties()).toThrow('closed');
    expect([session.params.room, session.query.get('name'), session.data.name]).toEqual(['blue', 'ann', 'ann']);
    expect([session.user, session.signal.aborted]).toEqual([null, true]);
    expect(session.id).toMatch(/^[0-9a-f]{32}$/);
  });

  test('params cannot change and has no prototype', async () => {
    const { session } = await open('/chat/blue');
    expect(() => Object.assign(session.params, { room: 'red' })).toThrow(TypeError);
    expect(session.params.constructor).toBeUndefined();
    expect(session.getPathParameters().get('room')).toBe('blue');
  });
});

describe('data', () => {
  test('is a view of the user properties, in both directions', async () => {
    const { session } = await open('/chat/blue');
    session.data.name = 'ann';
    session.getUserProperties().set('score', 3);
    expect(session.getUserProperties().get('name')).toBe('ann');
    expect({ ...session.data }).toEqual({ name: 'ann', score: 3 });
    expect('score' in session.data).toBe(true);
    delete session.data.score;
    expect(session.getUserProperties().has('score')).toBe(false);
    Object.assign(session.data, { name: 'bob', score: 1 });
    expect([...session.getUserProperties()]).toEqual([
      ['name', 'bob'],
      ['score', 1],
    ]);
  });

  test('shows the properties that the handshake has set', async () => {
    class Configurator extends ServerEndpointConfig.Configurator {
      override modifyHandshake(config: ServerEndpointConfig): void {
        config.getUserProperties().set('token', 'abc');
      }
    }
    const config = ServerEndpointConfig.Builder.create(Chat, '/seeded').configurator(new Configurator()).build();
    const { session } = await open('/seeded', { endpoints: [config] });
    expect(session.data.token).toBe('abc');
  });

  test('treats the names of every object as ordinary ones', async () => {
    const { session } = await open('/chat/blue');
    expect(session.data.constructor).toBeUndefined();
    expect('toString' in session.data).toBe(false);
    session.data['__proto__'] = { isAdmin: true };
    expect(session.data.isAdmin).toBeUndefined();
    expect(session.getUserProperties().get('__proto__')).toEqual({ isAdmin: true });
    expect(Object.getPrototypeOf(session.data)).toBeNull();
  });

  test('checks a setting among the properties, as setting the user property does', async () => {
    const { session } = await open('/chat/blue');
    const setting = 'org.apache.tomcat.websocket.BLOCKING_SEND_TIMEOUT';
    expect(() => (session.data[setting] = 'soon')).toThrow(IllegalArgumentException);
    expect(setting in session.data).toBe(false);
  });

  test('prints and serialises its properties', async () => {
    const { session } = await open('/chat/blue');
    session.data.name = 'ann';
    expect(inspect(session.data)).toContain("'name' => 'ann'");
    expect(JSON.stringify(session.data)).toBe('{"name":"ann"}');
  });
});

describe('send', () => {
  test('sends text, bytes, primitives and encoded objects, in order', async () => {
    const { session, peer } = await open('/chat/blue');
    session.send('text');
    session.send(Uint8Array.of(1, 2));
    session.send(new ArrayBuffer(1));
    session.send(42);
    await session.send(new Price(3));
    const received = await Promise.all([1, 2, 3, 4, 5].map(() => peer.receive()));
    expect(received).toEqual(['text', Buffer.of(1, 2), Buffer.of(0), '42', 'costs 3']);
  });

  test('rejects what cannot be sent, and nobody needs to handle that', async () => {
    const { session, peer } = await open('/chat/blue');
    session.send({ no: 'encoder' });
    session.send(undefined as never);
    await expect(session.send({ no: 'encoder' })).rejects.toThrow(EncodeException);
    await expect(session.send(null as never)).rejects.toThrow(
      new IllegalArgumentException('send takes a string, bytes or a value for an encoder; found null.'),
    );
    session.send('still open');
    expect(await peer.receive()).toBe('still open');
  });

  test('rejects in the middle of a partial message', async () => {
    const { session } = await open('/chat/blue');
    await session.getBasicRemote().sendText('part', false);
    await expect(session.send('whole')).rejects.toThrow(/partial/);
  });

  test('rejects once the session is closed, and nobody needs to handle that', async () => {
    const { session, peer } = await open('/chat/blue');
    await end(session, peer);
    session.send('late');
    await turn();
    await expect(session.send('late')).rejects.toThrow(IOException);
  });
});

test.each<[CloseReason, number, string, boolean]>([
  [new CloseReason(4001, 'kicked'), 4001, 'kicked', true],
  [new CloseReason(CloseReason.CloseCodes.GOING_AWAY), 1001, '', true],
  [new CloseReason(1005), 1005, '', true],
  [new CloseReason(1006, 'lost'), 1006, 'lost', false],
  [new CloseReason(1015), 1015, '', false],
])('%s has the code, the reason and wasClean as properties', (reason, code, phrase, wasClean) => {
  expect([reason.code, reason.reason, reason.wasClean]).toEqual([code, phrase, wasClean]);
  expect([reason.code, reason.reason]).toEqual([reason.getCloseCode().getCode(), reason.getReasonPhrase()]);
});
