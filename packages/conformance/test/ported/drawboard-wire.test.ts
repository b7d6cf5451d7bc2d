import { describeWithPeer, Tomcat } from '../peers';
import type { PNG } from 'pngjs';
import { start } from '../../../../examples/ported/drawboard/server';
import { difference } from '../../../../examples/ported/drawboard/test-picture';
import { TestPlayer } from '../../../../examples/ported/drawboard/test-player';

// One script talks to the port and, if there is a Tomcat, to the original; both must send the same.

const FLOOD_MS = 90_000;
const NEITHER_STROKE_NOR_KEEP_ALIVE = [
  ...['', '0', '2', '9', '1', '1|', '15', '1|1,0,0,0,255,2,0,0,9,9', '1x|1,0,0,0,255,2,0,0,9,9'],
  ...['19223372036854775808|1,0,0,0,255,2,0,0,9,9', '13.0|1,0,0,0,255,2,0,0,9,9', '13|1,0,0,0,255,2,0,0,9'],
  ...['13|0,0,0,0,255,2,0,0,9,9', '13|5,0,0,0,255,2,0,0,9,9', '13|1,0,0,0,255,100.5,0,0,9,9'],
  ...['13|1,0,0,0,255,-1,0,0,9,9', '13|1,0,0,0,255,NaN,0,0,9,9', '13|1,0,0,0,255,2,NaN,0,9,9'],
  ...['13|1,0,0,0,2.5,2,0,0,9,9', '13|1,0,0,0,4294967296,2,0,0,9,9', '13|1,0,0,0,255,2,0,,9,9'],
];

/** Three players, with invalid and valid strokes, and the end. @returns the lines that each received */
async function converse(port: number): Promise<Record<string, string[]>> {
  const ada = await TestPlayer.first(port);
  const bob = await TestPlayer.joined(port);
  const cyd = await TestPlayer.joined(port);
  const all = [ada, bob, cyd];
  await Promise.all([ada.until((line) => line === '3+', 3), bob.until((line) => line === '3+')]);
  await ada.draw('1,255,0,0,255,2,10,20,30,40', 1, all);
  await bob.draw('2,0,255,0,128,3.5,0.125,-20,30,1e2', 7, all);
  await ada.draw('3,256,-1,+5,511,0.0005,12345678,1e-7,Infinity,-0', 2, all);
  await ada.draw('4,0,0,0,0,100, 5 ,.5,5.,1E+21,left,aside', 9_223_372_036_854_775_807n, all);
  for (const nothing of NEITHER_STROKE_NOR_KEEP_ALIVE) await ada.send(nothing);
  await ada.draw('2,1,2,3,4,5,6,7,8,9', -3, all);
  await bob.leave();
  await Promise.all([ada, cyd].map((player) => player.until((line) => line === '3-')));
  // The longest accepted text: 10,000 characters.
  await cyd.draw(`2,9,8,7,6,5,4,3,2,1,${'0'.repeat(10_000)}`.slice(0, 9997), 8, [ada, cyd]);
  const count = ada.seen.length;
  await cyd.leave();
  await ada.until((line) => line === '3-', count);
  await ada.leave();
  return { ada: ada.seen, bob: bob.seen, cyd: cyd.seen };
}

/** One character more than accepted. @returns how the session ended */
async function sayTooMuch(port: number): Promise<string> {
  const player = await TestPlayer.first(port);
  await player.send(`1${'0'.repeat(10_000)}`);
  await player.until((line) => line.startsWith('closed'));
  // The reason is the container's.
  return player.seen.at(-1)?.replace(/^(closed 1009).*/, '$1') ?? '';
}

/** As many players as there is room for, one more, and one that replaces another. */
async function fillRoom(port: number): Promise<Record<string, string[]>> {
  const players = [await TestPlayer.first(port)];
  for (let count = 2; count <= 100; count++) players.push(await TestPlayer.joined(port));
  const [first, second, ...others] = players as [TestPlayer, TestPlayer, ...TestPlayer[]];
  const refused = await TestPlayer.join(port);
  await refused.until((line) => line.startsWith('closed'));
  await second.leave();
  await first.until((line) => line === '3-');
  const late = await TestPlayer.joined(port);
  await first.until((line) => line === '3+', first.seen.indexOf('3-'));
  await Promise.all([first, late, ...others].map((player) => player.leave()));
  return {
    refused: refused.seen,
    first: first.seen.slice(0, first.seen.lastIndexOf('3+') + 1),
    late: late.seen.slice(0, 2),
  };
}

/** Two players draw until the one that doesn't read is disconnected. @returns how its session ended */
async function flood(port: number): Promise<{ readonly closed: string; readonly left: number }> {
  const [ada, bob] = [await TestPlayer.first(port), await TestPlayer.joined(port)];
  const lookAgain = bob.lookAway();
  // The longest numbers possible, so that the operating system's buffers fill quickly.
  const far = '-1.2345678901234567E-300';
  const stroke = `2,255,255,255,255,1.2345678901234567E-300,${far},${far},${far},${far}`;
  let id = -9_223_372_036_854_775_808n;
  while (!ada.seen.includes('3-')) {
    const before = ada.seen.length;
    await Promise.all(Array.from({ length: 500 }, () => ada.send(`1${id++}|${stroke}`)));
    // Wait for the sent strokes to come back before sending more.
    await ada.until((line) => line.startsWith(`1${id - 1n},`) || line.includes(`|${id - 1n},`), before);
  }
  lookAgain();
  await bob.until((line) => line.startsWith('closed'));
  await ada.leave();
  return { closed: bob.seen.at(-1) ?? '', left: ada.seen.filter((line) => line === '3-').length };
}

const STROKES = [
  '1,255,0,0,255,10,100,100,300,200',
  '2,0,0,255,128,28,150,350,420,40',
  '3,0,127,0,255,6,450,60,640,260',
  '3,127,0,127,100,40,880,400,700,560',
  '4,255,127,0,255,16,480,320,660,520',
  '4,0,0,0,90,3,20,400,400,580',
  '2,0,127,127,255,50,800,120,800,120',
  '2,0,0,0,255,2,20,20,880,30',
  '4,200,0,0,160,100,650,560,860,590',
  '1,0,0,0,255,0,20,250,100,290',
];

/** A newcomer's picture of {@link STROKES}. @param shift how far to the right and down they are drawn */
async function picture(port: number, shift: number): Promise<PNG> {
  const drawer = await TestPlayer.first(port);
  for (const [index, stroke] of STROKES.entries()) {
    const numbers = stroke.split(',').map(Number);
    const moved = [...numbers.slice(0, 6), ...numbers.slice(6).map((coordinate) => coordinate + shift)];
    await drawer.draw(moved.join(','), index + 1, [drawer]);
  }
  const newcomer = await TestPlayer.joined(port);
  await Promise.all([drawer.leave(), newcomer.leave()]);
  return newcomer.picture;
}

let port: Awaited<ReturnType<typeof start>>;
beforeEach(async () => (port = await start(0)));
afterEach(() => port.stop());

test('drawboard sends everyone the joins, departures and strokes, and ignores unknown messages', async () => {
  expect(await converse(port.port)).toEqual({
    ada: [
      ...['21', 'picture 900x600', '3+', '3+'],
      '11,1,255,0,0,255,2.0,10.0,20.0,30.0,40.0',
      '11,2,0,255,0,128,3.5,0.125,-20.0,30.0,100.0',
      '12,3,0,255,5,255,5.0E-4,1.2345678E7,1.0E-7,Infinity,-0.0',
      '19223372036854775807,4,0,0,0,0,100.0,5.0,0.5,5.0,1.0E21',
      '1-3,2,1,2,3,4,5.0,6.0,7.0,8.0,9.0',
      '3-',
      '1-3,2,9,8,7,6,5.0,4.0,3.0,2.0,1.0',
      ...['3-', 'closed 1000'],
    ],
    bob: [
      ...['22', 'picture 900x600', '3+'],
      '10,1,255,0,0,255,2.0,10.0,20.0,30.0,40.0',
      '17,2,0,255,0,128,3.5,0.125,-20.0,30.0,100.0',
      '17,3,0,255,5,255,5.0E-4,1.2345678E7,1.0E-7,Infinity,-0.0',
      '17,4,0,0,0,0,100.0,5.0,0.5,5.0,1.0E21',
      '17,2,1,2,3,4,5.0,6.0,7.0,8.0,9.0',
      'closed 1000',
    ],
    cyd: [
      ...['23', 'picture 900x600'],
      '10,1,255,0,0,255,2.0,10.0,20.0,30.0,40.0',
      '10,2,0,255,0,128,3.5,0.125,-20.0,30.0,100.0',
      '10,3,0,255,5,255,5.0E-4,1.2345678E7,1.0E-7,Infinity,-0.0',
      '10,4,0,0,0,0,100.0,5.0,0.5,5.0,1.0E21',
      '10,2,1,2,3,4,5.0,6.0,7.0,8.0,9.0',
      '3-',
      '18,2,9,8,7,6,5.0,4.0,3.0,2.0,1.0',
      'closed 1000',
    ],
  });
}, 60_000);

test('drawboard closes with 1009 when a message is longer than 10,000 characters', async () => {
  expect(await sayTooMuch(port.port)).toBe('closed 1009');
});

test('drawboard accepts a hundred players', async () => {
  expect(await fillRoom(port.port)).toEqual({
    refused: ['0Maximum player count (100) has been reached.', 'closed 1000'],
    first: ['21', 'picture 900x600', ...Array<string>(99).fill('3+'), '3-', '3+'],
    late: ['2100', 'picture 900x600'],
  });
}, 60_000);

test(
  'drawboard puts out a player who does not read, and tells why',
  async () => {
    expect(await flood(port.port)).toEqual({ closed: 'closed 1008 Send Buffer exceeded', left: 1 });
  },
  FLOOD_MS,
);

test('drawboard announces no departures when it stops', async () => {
  const players = [await TestPlayer.joined(port.port), await TestPlayer.joined(port.port)];
  await port.stop();
  await Promise.all(players.map((player) => player.until((line) => line.startsWith('closed'))));
  expect(players.map(({ seen }) => seen.slice(2))).toEqual([
    ['3+', expect.stringMatching(/^closed 1001/)],
    [expect.stringMatching(/^closed 1001/)],
  ]);
});

describeWithPeer(Tomcat, 'drawboard and its original on Tomcat', () => {
  let tomcat: Tomcat;
  beforeAll(async () => {
    tomcat = await Tomcat.start();
  }, 90_000);
  afterAll(() => tomcat?.stop());

  // First: the board of the original is still white.
  test('show newcomers the same picture, except for half a pixel', async () => {
    const original = await picture(tomcat.port, 0);
    // Java2D draws integer coordinates through the middle of their pixels, the page's canvas and the port between them.
    expect(difference(await picture(port.port, 0), original).pixels).toBeLessThan(0.015 * 900 * 600);
    await port.stop();
    port = await start(0);
    const { pixels, mean } = difference(await picture(port.port, 0.5), original);
    expect(pixels).toBeLessThan(0.0005 * 900 * 600);
    expect(mean).toBeLessThan(0.25);
  }, 60_000);

  test('send the same messages to three players', async () => {
    const original = await converse(tomcat.port);
    expect(await converse(port.port)).toEqual(original);
  }, 60_000);

  test('close with 1009 when a message is longer than 10,000 characters', async () => {
    let closed = '';
    // Tomcat allows the close frame 50 ms and then drops the connection, which happens on a busy machine.
    for (let tries = 0; tries < 20 && (tries === 0 || closed === 'closed 1006'); tries++) {
      closed = await sayTooMuch(tomcat.port);
    }
    expect(closed).toBe(await sayTooMuch(port.port));
  }, 60_000);

  test('send the same message to the hundred-and-first player', async () => {
    const original = await fillRoom(tomcat.port);
    expect(await fillRoom(port.port)).toEqual(original);
  }, 60_000);

  test(
    'put out a player who does not read',
    async () => {
      // Tomcat closes with 1008 as well, but allows the frame 50 ms behind the blocked data, then drops the connection.
      expect(await flood(tomcat.port)).toEqual({ closed: expect.stringMatching(/^closed 1006/) as string, left: 1 });
    },
    FLOOD_MS,
  );
});
