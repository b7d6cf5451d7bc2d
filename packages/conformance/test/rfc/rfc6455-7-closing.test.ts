import { clientFrame } from '@serval/testing';
import { bytes, closeCode, overBothEngines, turns } from '../echo-peer';

overBothEngines((connect) => {
  test('RFC 6455 7.1.1: the server ends the TCP connection after both close frames, whichever side closes first', async () => {
    const first = await connect();
    first.client.send(clientFrame(0x88, [0x03, 0xe8]));
    // Resolves with the FIN of the server; nothing was ended on this side.
    expect(await first.client.readToEnd()).toEqual(bytes(0x88, 2, 0x03, 0xe8));

    const second = await connect();
    second.client.send(clientFrame(0x81, 'close with 1001 moving'));
    expect(await second.client.read(10)).toEqual(bytes(0x88, 8, 0x03, 0xe9, 'moving'));
    await turns();
    expect(second.client.hasEnded).toBe(false);
    second.client.send(clientFrame(0x88, [0x03, 0xe9]));
    expect(await second.client.readToEnd()).toEqual(Buffer.alloc(0));
  });

  test.each<[string, Buffer[]]>([
    ['nothing', []],
    ['half a header', [Buffer.from([0x81])]],
    ['half a message', [clientFrame(0x01, 'half')]],
    ['half a frame', [clientFrame(0x81, 'a whole frame').subarray(0, 10)]],
    ['half a close frame', [clientFrame(0x88, [0x03, 0xe8]).subarray(0, 7)]],
  ])('RFC 6455 7.1.5: reports the end of the TCP connection after %s as 1006', async (_title, frames) => {
    const { client, heard } = await connect();
    client.send(...frames);
    client.end();
    expect((await heard.closed()).filter((entry) => !entry.startsWith('error'))).toEqual(['close 1006']);
  });

  test('RFC 6455 7.1.5: reports a reset of the TCP connection as 1006', async () => {
    const { client, heard } = await connect();
    client.send(clientFrame(0x81, 'Hello'));
    await client.read(7);
    client.reset();
    expect((await heard.closed()).filter((entry) => !entry.startsWith('error'))).toEqual(['text Hello', 'close 1006']);
  });

  test('RFC 6455 7.1.7: a failed connection sends no more answers, and its endpoint receives nothing', async () => {
    const { client, heard } = await connect();
    client.send(clientFrame(0xff, 'fault'));
    expect(await closeCode(client)).toBe(1002);
    expect((await heard.closed()).at(-1)).toMatch(/^close 1002/);
    const told = heard.entries.length;
    client.send(clientFrame(0x81, 'late'), clientFrame(0x88, [0x03, 0xe8]));
    await turns();
    expect(heard.entries).toHaveLength(told);
  });

  test('RFC 6455 7.1.5: uses the first close frame and ignores a second one', async () => {
    const { client, heard } = await connect();
    client.send(clientFrame(0x88, [0x0f, 0xa0]), clientFrame(0x88, [0x0f, 0xa1]));
    expect(await client.readToEnd()).toEqual(bytes(0x88, 2, 0x0f, 0xa0));
    expect(await heard.closed()).toEqual(['close 4000']);
  });

  test('RFC 6455 7.2.1: a failed connection does not affect the others', async () => {
    const [good, bad] = [await connect(), await connect()];
    bad.client.send(clientFrame(0xff));
    await closeCode(bad.client);
    good.client.send(clientFrame(0x81, 'still here'));
    expect(await good.client.read(12)).toEqual(bytes(0x81, 10, 'still here'));
  });
});
