import { expectNotCached, expectType, expectUnbuffered, ProtocolServer, sessionAt } from './protocol-server';

// SockJS 0.3.3, "HtmlFile: /*/*/htmlfile".

const HEAD = `<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent.callback;
    c.start();
    function p(d) {c.message(d);};
    window.onload = function() {c.stop();};
  </script>`;

test('begins with more than 1 KiB of a page, and sends each frame as a script', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  const stream = await server.stream('GET', `${session}/htmlfile?c=%63allback`);
  expect(stream.status).toBe(200);
  expectType(stream, 'text/html;charset=UTF-8');
  expectNotCached(stream);
  expectUnbuffered(stream);
  const head = (await stream.read()) ?? '';
  expect(head.trim()).toBe(HEAD);
  expect(head.length).toBeGreaterThan(1024);
  expect(await stream.read()).toBe('<script>\np("o");\n</script>\r\n');
  expect((await server.post(`${session}/xhr_send`, '["x"]')).status).toBe(204);
  expect(await stream.read()).toBe('<script>\np("a[\\"x\\"]");\n</script>\r\n');
});

test('the end of a script and line ends arrive as data', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  const stream = await server.stream('GET', `${session}/htmlfile?c=callback`);
  await stream.read();
  await stream.read();
  const text = '</script><!--<script>\u2028\u2029\r\n"\\';
  await server.post(`${session}/xhr_send`, JSON.stringify([text]));
  const chunk = (await stream.read()) ?? '';
  const literal = /^<script>\np\((".*")\);\n<\/script>\r\n$/.exec(chunk)?.[1] ?? '';
  expect(literal).not.toMatch(/[<\u2028\u2029\r\n]/);
  const frame = JSON.parse(literal) as string;
  expect(JSON.parse(frame.slice(1))).toEqual([text]);
});

test('without a callback it is 500', async () => {
  const server = await ProtocolServer.start();
  for (const query of ['', '?c=', '?x=1']) {
    const reply = await server.get(`/echo/a/a/htmlfile${query}`);
    expect([query, reply.status, reply.body]).toEqual([query, 500, '"callback" parameter required']);
  }
});

test.each(['%20', '*', 'abc(', 'abc%28', 'a;alert(1)', '%3C/script%3E', 'ü'])(
  'with the callback %s it is 500',
  async (callback) => {
    const server = await ProtocolServer.start();
    const reply = await server.get(`/echo/a/a/htmlfile?c=${encodeURI(decodeURIComponent(callback))}`);
    expect([reply.status, reply.body]).toEqual([500, 'invalid "callback" parameter']);
  },
);

test('ends when it has streamBytesLimit bytes', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  const stream = await server.stream('GET', `${session}/htmlfile?c=callback`);
  await stream.read();
  expect(await stream.read()).toBe('<script>\np("o");\n</script>\r\n');
  const text = 'x'.repeat(4096);
  expect((await server.post(`${session}/xhr_send`, `["${text}"]`)).status).toBe(204);
  expect(await stream.read()).toBe(`<script>\np("a[\\"${text}\\"]");\n</script>\r\n`);
  expect(await stream.read()).toBeUndefined();
});
