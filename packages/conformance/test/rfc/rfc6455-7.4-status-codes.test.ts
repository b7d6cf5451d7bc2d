import { clientFrame } from '@serval/testing';
import { bytes, closeCode, overBothEngines } from '../echo-peer';

const inTwoBytes = (code: number): number[] => [code >> 8, code & 0xff];

overBothEngines((connect) => {
  test.each([
    ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011],
    // Registered with IANA since: service restart, try again later, bad gateway.
    ...[1012, 1013, 1014],
    ...[3000, 3999, 4000, 4999],
  ])('RFC 6455 7.4: accepts, reports and echoes close code %i', async (code) => {
    const { client, heard } = await connect();
    client.send(clientFrame(0x88, bytes(...inTwoBytes(code), 'why')));
    expect(await client.readToEnd()).toEqual(bytes(0x88, 5, ...inTwoBytes(code), 'why'));
    expect(await heard.closed()).toEqual([`close ${code} why`]);
  });

  test.each([0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535])(
    'RFC 6455 7.4: close code %i must not stand in a frame',
    async (code) => {
      for (const reason of ['', 'why']) {
        const { client, heard } = await connect();
        client.send(clientFrame(0x88, bytes(...inTwoBytes(code), reason)));
        expect(await closeCode(client)).toBe(1002);
        expect((await heard.closed()).at(-1)).toMatch(/^close 1002/);
      }
    },
  );

  test.each([1000, 1001, 1008, 1011, 1012, 3000, 4000, 4999])(
    'RFC 6455 7.4: an endpoint closes with %i and a reason',
    async (code) => {
      const { client, heard } = await connect();
      client.send(clientFrame(0x81, `close with ${code} enough`));
      expect(await client.read(10)).toEqual(bytes(0x88, 8, ...inTwoBytes(code), 'enough'));
      client.send(clientFrame(0x88, inTwoBytes(code)));
      expect(await client.readToEnd()).toEqual(Buffer.alloc(0));
      expect((await heard.closed()).at(-1)).toBe(`close ${code} enough`);
    },
  );
});
