import { createServer } from 'node:http';
import { attach, HandshakeRejection, type HandshakeRequest, type ServerContainerOptions } from 'serval';
import { afterTest, Journal, passTime, stopClock, turn } from '../../testing/test/toolbox';
import { listen, loggerInto } from './test-server';

// The rules for the requests of a session of SockJS, and the limits for one client.

interface Reply {
  readonly status: number;
  readonly body: string;
}

interface Served {
  readonly port: number;
  readonly events: Journal;
  post(path: string, body?: string, headers?: Record<string, string>): Promise<Reply>;
  get(path: string, headers?: Record<string, string>): Promise<Reply>;
}

async function serve(options: ServerContainerOptions = {}): Promise<Served> {
  const http = createServer((_request, response) => response.writeHead(404).end());
  const events = new Journal();
  const container = attach(http, { logger: loggerInto(new Journal()), sockJs: true, ...options });
  container.endpoint('/echo/{room}', {
    onOpen: (session) => events.add(`open ${session.params.room} ${session.user?.getName() ?? '-'}`),
    onText: (text) => {
      events.add(text);
      return text;
    },
    onClose: (reason) => events.add(`close ${reason.code}`),
  });
  const port = await listen(http);
  afterTest(() => container.stop({ grace: 1 }));
  const ask = async (method: string, path: string, headers = {}, body?: string): Promise<Reply> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers,
      ...(body !== undefined && { body }),
    });
    return { status: response.status, body: await response.text() };
  };
  return {
    port,
    events,
    post: (path, body = '', headers = {}) => ask('POST', path, headers, body),
    get: (path, headers = {}) => ask('GET', path, headers),
  };
}

/** The user that a header names. */
const byHeader: ServerContainerOptions['authenticate'] = (request: HandshakeRequest) => {
  const name = request.getHeaders().get('X-User')?.[0];
  return name === undefined ? null : { getName: () => name };
};

describe('a session belongs to its user', () => {
  test('other users and clients without one get 404', async () => {
    const { post, events } = await serve({ authenticate: byHeader });
    const as = (name: string): Record<string, string> => ({ 'X-User': name });
    expect((await post('/echo/a/0/one/xhr', '', as('ann'))).body).toBe('o\n');
    await events.until('open a ann');
    for (const headers of [as('bob'), {}, as('')]) {
      expect((await post('/echo/a/0/one/xhr_send', '["stolen"]', headers)).status).toBe(404);
      expect((await post('/echo/a/0/one/xhr', '', headers)).status).toBe(404);
    }
    expect((await post('/echo/a/0/one/xhr_send', '["mine"]', as('ann'))).status).toBe(204);
    expect((await post('/echo/a/0/one/xhr', '', as('ann'))).body).toBe('a["mine"]\n');
    expect(events.entries).toEqual(['open a ann', 'mine']);
  });

  test('a session without a user is closed to users', async () => {
    const { post } = await serve({ authenticate: byHeader });
    await post('/echo/a/0/one/xhr');
    expect((await post('/echo/a/0/one/xhr_send', '["x"]', { 'X-User': 'ann' })).status).toBe(404);
  });

  test('a name that is no text is an error, because it would count as none', async () => {
    const authenticate = () => ({ getName: () => 5 as unknown as string });
    const { post } = await serve({ authenticate, sockJs: { bindToAddress: false } });
    expect((await post('/echo/a/0/one/xhr')).status).toBe(500);
    expect((await post('/echo/a/0/one/xhr_send', '["x"]')).status).toBe(404);
  });

  test('authenticate refuses a further request with its own status', async () => {
    let isValid = true;
    const { post } = await serve({
      authenticate: () => {
        if (!isValid) throw new HandshakeRejection(401, { body: 'Log in again.\n' });
        return { getName: () => 'ann' };
      },
    });
    await post('/echo/a/0/one/xhr');
    isValid = false;
    expect(await post('/echo/a/0/one/xhr_send', '["x"]')).toEqual({ status: 401, body: 'Log in again.\n' });
  });
});

describe('a session without a user belongs to the address of its client', () => {
  const from = (address: string): Record<string, string> => ({ 'X-Forwarded-For': address });
  const behindProxy = { trustProxy: 'loopback' };

  test('other addresses get 404, other ports do not', async () => {
    const { post } = await serve(behindProxy);
    expect((await post('/echo/a/0/one/xhr', '', from('192.0.2.1:5000'))).body).toBe('o\n');
    expect((await post('/echo/a/0/one/xhr_send', '["x"]', from('192.0.2.2'))).status).toBe(404);
    expect((await post('/echo/a/0/one/xhr', '', from('192.0.2.2'))).status).toBe(404);
    expect((await post('/echo/a/0/one/xhr_send', '["y"]', from('192.0.2.1:6000'))).status).toBe(204);
    expect((await post('/echo/a/0/one/xhr', '', from('192.0.2.1'))).body).toBe('a["y"]\n');
  });

  test('without a trusted proxy the header does not count', async () => {
    const { post } = await serve();
    await post('/echo/a/0/one/xhr', '', from('192.0.2.1'));
    expect((await post('/echo/a/0/one/xhr_send', '["x"]', from('192.0.2.2'))).status).toBe(204);
  });

  test('bindToAddress: false lets phones change their network', async () => {
    const { post } = await serve({ ...behindProxy, sockJs: { bindToAddress: false } });
    await post('/echo/a/0/one/xhr', '', from('192.0.2.1'));
    expect((await post('/echo/a/0/one/xhr_send', '["x"]', from('192.0.2.2'))).status).toBe(204);
  });

  test('a user may change the address', async () => {
    const { post } = await serve({ ...behindProxy, authenticate: byHeader });
    await post('/echo/a/0/one/xhr', '', { ...from('192.0.2.1'), 'X-User': 'ann' });
    expect((await post('/echo/a/0/one/xhr_send', '["x"]', { ...from('192.0.2.2'), 'X-User': 'ann' })).status).toBe(204);
  });
});

test('a session cannot change its transport', async () => {
  const { post, get } = await serve({ sockJs: { jsonp: true } });
  await post('/echo/a/0/one/xhr');
  expect((await post('/echo/a/0/one/xhr_streaming')).status).toBe(404);
  expect((await get('/echo/a/0/one/eventsource')).status).toBe(404);
  expect((await get('/echo/a/0/one/jsonp?c=x')).status).toBe(404);
  expect((await post('/echo/a/0/one/jsonp_send', '["x"]')).status).toBe(404);
  expect((await post('/echo/a/0/one/xhr_send', '["x"]')).status).toBe(204);
});

test('a session is found only at the path at which it opened', async () => {
  const { post, events } = await serve();
  await post('/echo/a/0/one/xhr');
  expect((await post('/echo/b/0/one/xhr_send', '["x"]')).status).toBe(404);
  expect((await post('/echo/b/0/one/xhr')).body).toBe('o\n');
  expect(events.entries).toEqual(['open a -', 'open b -']);
});

test('an ID with a slash does not reach the session of another path', async () => {
  const { post } = await serve();
  await post('/echo/a/0/b%2Fc/xhr');
  expect((await post('/echo/a/0/c/xhr_send', '["x"]')).status).toBe(404);
  expect((await post('/echo/a%2Fb/0/c/xhr_send', '["x"]')).status).toBe(404);
});

describe('the origin of a page', () => {
  test('is checked with every request of a session', async () => {
    const { post, get } = await serve();
    const foreign = { Origin: 'http://evil.example' };
    expect((await post('/echo/a/0/one/xhr')).body).toBe('o\n');
    expect((await post('/echo/a/0/one/xhr_send', '["x"]', foreign)).status).toBe(403);
    expect((await post('/echo/a/0/one/xhr', '', foreign)).status).toBe(403);
    expect((await get('/echo/a/0/two/eventsource', foreign)).status).toBe(403);
    expect((await get('/echo/a/0/two/htmlfile?c=x', foreign)).status).toBe(403);
    expect((await get('/echo/a/info', foreign)).status).toBe(403);
  });

  test('allowedOrigins of SockJS stand before those of the container', async () => {
    const { post } = await serve({
      sockJs: { allowedOrigins: ['https://app.example'] },
      allowedOrigins: ['https://other.example'],
    });
    expect((await post('/echo/a/0/one/xhr', '', { Origin: 'https://app.example' })).body).toBe('o\n');
    expect((await post('/echo/a/0/one/xhr_send', '["x"]', { Origin: 'https://app.example' })).status).toBe(204);
    expect((await post('/echo/a/0/two/xhr', '', { Origin: 'https://other.example' })).status).toBe(403);
  });
});

test('a client that leaves while user code decides does not keep the session open', async () => {
  let decide: (user: null) => void = () => undefined;
  let isSlow = false;
  const { post, port, events } = await serve({
    sockJs: { disconnectDelay: 100 },
    authenticate: () => (isSlow ? new Promise<null>((resolve) => (decide = resolve)) : null),
  });
  expect((await post('/echo/a/0/one/xhr')).body).toBe('o\n');
  isSlow = true;
  const controller = new AbortController();
  const url = `http://127.0.0.1:${port}/echo/a/0/one/xhr`;
  const poll = fetch(url, { method: 'POST', signal: controller.signal }).catch(() => 'left');
  await turn();
  controller.abort();
  expect(await poll).toBe('left');
  decide(null);
  await events.until('close 1006');
});

describe('limits', () => {
  test('sessions count as connections', async () => {
    const { post } = await serve({ maxConnections: 2 });
    expect((await post('/echo/a/0/one/xhr')).status).toBe(200);
    expect((await post('/echo/a/0/two/xhr')).status).toBe(200);
    expect((await post('/echo/a/0/three/xhr')).status).toBe(503);
    expect((await post('/echo/a/0/one/xhr_send', '["x"]')).status).toBe(204);
  });

  test('a session that ended frees its place', async () => {
    const { post, events } = await serve({ maxConnections: 1 });
    stopClock();
    expect((await post('/echo/a/0/one/xhr')).status).toBe(200);
    await passTime(5000);
    await events.until('close 1006');
    expect((await post('/echo/a/0/two/xhr')).status).toBe(200);
  });

  test('at most 8 requests with messages of one session are under way', async () => {
    const waiting: ((user: null) => void)[] = [];
    let isSlow = false;
    const { post } = await serve({
      authenticate: () => (isSlow ? new Promise<null>((resolve) => waiting.push(resolve)) : null),
    });
    expect((await post('/echo/a/0/one/xhr')).body).toBe('o\n');
    isSlow = true;
    const sends = Array.from({ length: 10 }, () => post('/echo/a/0/one/xhr_send', '["x"]'));
    const refused = await Promise.race(sends);
    expect(refused.status).toBe(503);
    while (waiting.length < 8) await turn();
    isSlow = false;
    for (const resolve of waiting) resolve(null);
    const statuses = (await Promise.all(sends)).map(({ status }) => status);
    // One that came after the others were answered is in order.
    expect(statuses.filter((status) => status === 204).length).toBeGreaterThanOrEqual(8);
  });

  test('a message that is too long closes the session with 1009', async () => {
    const { post, events } = await serve({ textBufferSize: 10 });
    await post('/echo/a/0/one/xhr');
    expect((await post('/echo/a/0/one/xhr_send', `["${'x'.repeat(11)}"]`)).status).toBe(204);
    const { body } = await post('/echo/a/0/one/xhr');
    expect(body).toMatch(/^c\[1009,"/);
    await events.until('close 1009');
  });
});

describe('slow user code', () => {
  test('the session opens before it has decided, and a refusal is a close frame behind it', async () => {
    const waiting: ((error: Error) => void)[] = [];
    const { post, events } = await serve({
      authenticate: () => (waiting.length > 0 ? null : new Promise((_resolve, reject) => waiting.push(reject))),
    });
    expect((await post('/echo/a/0/one/xhr')).body).toBe('o\n');
    for (const refuse of waiting) refuse(new HandshakeRejection(401, { body: 'Who are you?\n' }));
    expect(await post('/echo/a/0/one/xhr')).toEqual({ status: 200, body: 'c[1008,"Who are you?"]\n' });
    expect(events.entries).toEqual([]);
  });

  test('messages that the client sends meanwhile are kept', async () => {
    let decide: (user: null) => void = () => undefined;
    let asked = 0;
    const { post, events } = await serve({
      authenticate: () => ((asked += 1) === 1 ? new Promise<null>((resolve) => (decide = resolve)) : null),
    });
    expect((await post('/echo/a/0/one/xhr')).body).toBe('o\n');
    const sent = post('/echo/a/0/one/xhr_send', '["early"]');
    while (asked < 2) await turn();
    decide(null);
    expect((await sent).status).toBe(204);
    await events.until('early');
    expect((await post('/echo/a/0/one/xhr')).body).toBe('a["early"]\n');
  });

  test('a refusal in time is a status', async () => {
    const { post } = await serve({
      authenticate: () => turn().then(() => Promise.reject(new HandshakeRejection(401, { body: 'Who are you?\n' }))),
    });
    expect(await post('/echo/a/0/one/xhr')).toEqual({ status: 401, body: 'Who are you?\n' });
  });
});
