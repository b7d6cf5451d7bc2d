import { ProtocolServer, sessionAt } from './protocol-server';

// SockJS 0.3.3, "JSON Unicode Encoding".

function units(matches: (unit: string) => boolean, from = 0): string[] {
  const found: string[] = [];
  for (let code = from; code < 0x10000; code += 1) {
    const unit = String.fromCharCode(code);
    if (matches(unit)) found.push(unit);
  }
  return found;
}

const escapesOf = (characters: readonly string[]): string =>
  characters.map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');

test('escapes the characters that browsers change', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  await server.post(`${session}/xhr`);
  const fragile = units((unit) => /[\u200c-\u200f\u2028-\u202f\u2060-\u206f\ufff0-\uffff]/.test(unit), 255);
  expect((await server.post(`${session}/xhr_send`, `["${fragile.join('')}"]`)).status).toBe(204);
  expect((await server.post(`${session}/xhr`)).body).toBe(`a["${escapesOf(fragile)}"]\n`);
});

test('decodes what browsers escape, also single surrogates', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  await server.post(`${session}/xhr`);
  const escaped = units(
    (unit) => /[\\"\x7f-\x9f\u00ad\u0600-\u0604\u2000-\u20ff\ud800-\udfff\ufeff\ufff0-\uffff]/.test(unit) || unit < ' ',
  );
  expect((await server.post(`${session}/xhr_send`, `["${escapesOf(escaped)}"]`)).status).toBe(204);
  const { body } = await server.post(`${session}/xhr`);
  expect(JSON.parse(body.slice(1))).toEqual([escaped.join('')]);
});
