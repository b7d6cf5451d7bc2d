import { describeHost, describeHttp2Host, startApplication, talk, upgradeAt } from './hosts';

// The other frameworks are in frameworks.test.ts.
describeHost('http');
describeHost('express');
describeHttp2Host('http');

it('helmet sets its headers on a 101, and compression leaves it alone', async () => {
  const application = await startApplication('express');
  const headers = { 'X-User': 'ann', 'Accept-Encoding': 'gzip' };
  const { client, status, header } = await upgradeAt(application, '/rooms/blue', headers);
  expect([status, header('x-frame-options'), header('content-encoding')]).toEqual([101, 'SAMEORIGIN', '']);
  expect(await talk(client, 'hi')).toBe('blue, ann: hi');
  // A refusal of the handshake is compressed like any other answer.
  const refused = await upgradeAt(application, '/rooms/blue', { ...headers, Origin: 'https://other.example' });
  expect([refused.status, refused.header('content-encoding')]).toEqual([403, 'gzip']);
});
