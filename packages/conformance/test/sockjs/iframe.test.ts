import { expectType, ProtocolServer, type Reply } from './protocol-server';

// SockJS 0.3.3, "IFrame page: /iframe*.html".

const PAGE = `<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script src="https://cdn.example/sockjs.js?a=1&amp;b=&quot;&lt;"></script>
  <script>
    document.domain = document.domain;
    SockJS.bootstrap_iframe();
  </script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>`;

const sockJs = { clientLibraryUrl: 'https://cdn.example/sockjs.js?a=1&b="<' };

function expectPage(reply: Reply): void {
  expect(reply.status).toBe(200);
  expect(reply.body).toBe(PAGE);
  expectType(reply, 'text/html;charset=UTF-8');
  expect(reply.headers['cache-control']).toBe('public, max-age=31536000');
  expect(Date.parse(reply.headers.expires ?? '')).toBeGreaterThan(Date.now() + 364 * 24 * 3600 * 1000);
  expect(reply.headers.etag).toMatch(/^"[\w-]+"$/);
  expect(reply.headers).not.toHaveProperty('last-modified');
  expect(reply.headers).not.toHaveProperty('set-cookie');
}

test.each([
  '/iframe.html',
  '/iframe-a.html',
  '/iframe-.html',
  '/iframe-0.1.2.html',
  '/iframe-0.1.2abc-dirty.2144.html',
  '/iframe-a.html?t=1234',
])('GET /echo%s is the page, byte for byte', async (suffix) => {
  const server = await ProtocolServer.start({ sockJs });
  expectPage(await server.get(`/echo${suffix}`));
});

test.each(['/iframe.htm', '/iframe', '/IFRAME.HTML', '/IFRAME', '/iframe.HTML', '/iframe.xml', '/iframe-/.html'])(
  'GET /echo%s is 404',
  async (suffix) => {
    const server = await ProtocolServer.start();
    expect((await server.get(`/echo${suffix}`)).status).toBe(404);
  },
);

test('answers 304 without a body to the ETag of the page', async () => {
  const server = await ProtocolServer.start();
  const { headers } = await server.get('/echo/iframe.html');
  const etag = headers.etag ?? '';
  expect((await server.get('/echo/iframe.html')).headers.etag).toBe(etag);
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
    const reply = await server.get('/echo/iframe.html', { headers: { 'If-None-Match': known } });
    expect(reply.status).toBe(304);
    expect(reply.headers).not.toHaveProperty('content-type');
    expect(reply.body).toBe('');
  }
  expect((await server.get('/echo/iframe.html', { headers: { 'If-None-Match': '"other"' } })).status).toBe(200);
});

test('pages of all origins may load it if all may connect', async () => {
  const server = await ProtocolServer.start({ allowedOrigins: '*' });
  expect((await server.get('/echo/iframe.html')).headers).not.toHaveProperty('x-frame-options');
});

test('only pages of the own origin may load it if only that one may connect', async () => {
  const server = await ProtocolServer.start({ allowedOrigins: [] });
  expect((await server.get('/echo/iframe.html')).headers['x-frame-options']).toBe('SAMEORIGIN');
});

test('is 404 if a list says which origins may connect, because the page cannot enforce it', async () => {
  const server = await ProtocolServer.start({ allowedOrigins: ['https://app.example'] });
  expect((await server.get('/echo/iframe.html')).status).toBe(404);
});
