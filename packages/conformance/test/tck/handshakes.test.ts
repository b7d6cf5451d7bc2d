import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { context as request } from './applications/ee-server-handshakerequest';
import { context as response } from './applications/ee-handshakeresponse';
import { TckServer } from './tck-server';
import { TckClient } from './tck-client';

let server: TckServer;
let url: string;
beforeAll(async () => {
  server = await TckServer.start({ contexts: [request, response], port: 0, host: '127.0.0.1' });
  url = `ws://127.0.0.1:${server.port}`;
});
afterAll(() => server.stop());

async function responseHeaders(path: string, headers: Record<string, string> = {}): Promise<IncomingHttpHeaders> {
  const socket = new WebSocket(url + path, { headers });
  const opened = once(socket, 'open');
  const [answer] = (await once(socket, 'upgrade')) as [IncomingMessage];
  await opened;
  socket.terminate();
  return answer.headers;
}

test.each([
  ['/caseinsensitiveheadernames', { caseInsensitiveKey: 'value' }, { iscasesensitive: 'true' }],
  ['/getquerystring?abc=123&def=456', {}, { getquerystringconfigurator: 'abc=123&def=456' }],
  ['/getquerystring', {}, { getquerystringconfigurator: 'NULL' }],
  ['/getuserprincipal', {}, { getuserprincipalnotauthenticatedconfigurator: 'true' }],
  ['/isuserinrole', {}, { isuserinrolenotauthenticatedconfigurator: 'false' }],
  ['/getuserx509certificatechain', {}, { getuserx509certificatechainnotauthenticatedconfigurator: 'true' }],
  ['/gettwoparams/123/123.456', {}, { first: '123', second: '123.456' }],
  ['/getlocaladdress', {}, { getlocaladdressconfigurator: 'true' }],
  ['/getlocalhostname', {}, { getlocalhosthameconfigurator: 'true' }],
  ['/getlocalport', {}, { getlocalportconfigurator: 'true' }],
  ['/getremoteaddress', {}, { getremoteaddressconfigurator: 'true' }],
  ['/getremotehostname', {}, { getremotehosthameconfigurator: 'true' }],
  ['/getremoteport', {}, { getremoteportconfigurator: 'true' }],
  ['/getlocalenoheader', {}, { getlocalenoheaderconfigurator: 'true' }],
  ['/getlocalefrench', { 'Accept-Language': 'fr' }, { getlocalefrenchconfigurator: 'true' }],
  ['/getlocalegerman', { 'Accept-Language': 'de' }, { getlocalegermanconfigurator: 'true' }],
])('reads the handshake request of %s', async (path, headers: Record<string, string>, expected) => {
  expect(await responseHeaders(request.root + path, headers)).toMatchObject(expected);
});

test('the URI of a handshake request is absolute', async () => {
  const { getrequesturiconfigurator } = await responseHeaders(`${request.root}/getrequesturi`);
  expect(getrequesturiconfigurator).toBe(`${url}${request.root}/getrequesturi`);
});

test.each([
  [`${request.root}/readonlygetheaders`, 'getquerystringconfigurator'],
  [`${request.root}/readonlygetparams?a=b`, 'readonlykey'],
  [`${response.root}/echo`, 'readonlykey'],
])('%s cannot change the values that it reads', async (path, header) => {
  const headers = await responseHeaders(path);
  expect(Object.keys(headers)).toContain('upgrade');
  expect(headers).not.toHaveProperty(header);
});

test('returns the value of a path parameter', async () => {
  const one = await TckClient.open(`${url}${request.root}/getoneparam/first?second=x`);
  expect(await one.send('hello').next()).toBe('firsthello');
  const two = await TckClient.open(`${url}${request.root}/gettwoparams/9223372036854775807/100`);
  expect(await two.send('hello').next()).toBe('9223372036854775807;100.0;hello');
});

test('the response contains headers of the request, and others', async () => {
  const headers = await responseHeaders(`${response.root}/echo`, { aFirstKey: 'header1, header2' });
  expect(headers.afirstkey).toBe('header1, header2');
  const { afirstkey } = await responseHeaders(`${response.root}/setheaders`);
  expect(afirstkey).toBe(Array.from({ length: 8 }, (_, index) => `header${index + 1}`).join(', '));
});

test('a path without an application gets 404', async () => {
  for (const path of [`${response.root}/doesNotExist`, '/nowhere', '/']) {
    await expect(TckClient.open(url + path)).rejects.toThrow('404');
  }
});
