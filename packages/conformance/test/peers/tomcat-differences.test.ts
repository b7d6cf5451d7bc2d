import { describeWithPeer, Tomcat } from '.';
import { clientFrame } from '@serval/testing';
import { answerTo, HANDSHAKE_ROWS } from '../specification/tomcat-table';

// The statements of docs/guides/differences-from-tomcat.md about Tomcat, as far as its examples show them.

describeWithPeer(Tomcat, 'Tomcat 10.1', () => {
  let tomcat: Tomcat;
  beforeAll(async () => {
    tomcat = await Tomcat.start();
  }, 90_000);
  afterAll(() => tomcat?.stop());

  test.each(HANDSHAKE_ROWS)('answers $title with $tomcat', async (row) => {
    const { shown, socket } = await answerTo(tomcat.port, row);
    socket.destroy();
    expect(shown).toBe(row.tomcat);
  });

  test('answers a close phrase that is not UTF-8 with 1002', async () => {
    const { socket } = await answerTo(tomcat.port, {});
    socket.send(clientFrame(0x88, [0x03, 0xe8, 0xff, 0xfe]));
    expect((await socket.read(4)).readUInt16BE(2)).toBe(1002);
    socket.destroy();
  });
});
