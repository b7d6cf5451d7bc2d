import { ProtocolServer, sessionAt } from './protocol-server';

// SockJS 0.3.3, "JSESSIONID cookie".

const ECHO = '/cookie_needed_echo';

test('info has no cookie, but tells that one is needed', async () => {
  const server = await ProtocolServer.start();
  const reply = await server.get(`${ECHO}/info`);
  expect(reply.headers).not.toHaveProperty('set-cookie');
  expect(JSON.parse(reply.body)).toMatchObject({ cookie_needed: true });
});

test.each([
  ['POST', 'xhr'],
  ['POST', 'xhr_streaming'],
  ['GET', 'eventsource'],
  ['GET', 'htmlfile?c=x'],
  ['GET', 'jsonp?c=x'],
])('%s %s sets the cookie', async (method, transport) => {
  const server = await ProtocolServer.start();
  const stream = await server.stream(method, `${sessionAt(ECHO)}/${transport}`);
  expect(stream.headers['set-cookie']).toEqual(['JSESSIONID=dummy; path=/']);
});

test.each([
  ['xhr', 'xhr_send', '["x"]'],
  ['jsonp?c=x', 'jsonp_send', '["x"]'],
])('the messages of %s set it as well', async (transport, send, body) => {
  const server = await ProtocolServer.start();
  const session = sessionAt(ECHO);
  await server.ask(transport === 'xhr' ? 'POST' : 'GET', `${session}/${transport}`);
  expect((await server.post(`${session}/${send}`, body)).headers['set-cookie']).toEqual(['JSESSIONID=dummy; path=/']);
});

test.each([
  ['JSESSIONID=abcdef', 'abcdef'],
  ['a=1; JSESSIONID=abcdef; b=2', 'abcdef'],
  ['XJSESSIONID=no', 'dummy'],
  ['JSESSIONID=', ''],
])('answers the cookie %s with %j', async (cookie, value) => {
  const server = await ProtocolServer.start();
  const reply = await server.post(`${sessionAt(ECHO)}/xhr`, '', { headers: { Cookie: cookie } });
  expect(reply.headers['set-cookie']).toEqual([`JSESSIONID=${value}; path=/`]);
});

test('an endpoint that needs none sets none', async () => {
  const server = await ProtocolServer.start();
  const reply = await server.post(`${sessionAt('/echo')}/xhr`, '', { headers: { Cookie: 'JSESSIONID=abcdef' } });
  expect(reply.headers).not.toHaveProperty('set-cookie');
});
