import { describeWithPeer, Tomcat } from '../peers';
import { Speaker, vanish } from '../../../../examples/test-conversation';
import { start } from '../../../../examples/ported/snake/server';

const PATH = '/examples/websocket/snake';
const UPDATE = /"update"/;

interface Square {
  readonly x: number;
  readonly y: number;
}

interface Packet {
  readonly type: 'join' | 'update' | 'leave' | 'dead' | 'kill';
  readonly data: readonly { readonly id: number; readonly body: readonly Square[] }[];
}

const players: Speaker[] = [];

async function open(port: number): Promise<Speaker> {
  const player = await Speaker.join(`ws://127.0.0.1:${port}${PATH}`);
  players.push(player);
  return player;
}

async function everybodyLeaves(): Promise<void> {
  for (const player of players.splice(0)) await player.leave();
}

/**
 * The original loses a message when two of its threads send to one player at once, and a session ends when a send takes
 * longer than a tick. Then the game starts again.
 */
async function untilNothingIsLost(play: () => Promise<string[]>): Promise<string[]> {
  for (let left = 5; ; left -= 1) {
    try {
      return await play();
    } catch (error) {
      if (left === 0) throw error;
      await everybodyLeaves();
    }
  }
}

/** The number of updates, ten per second, after which an expected message counts as lost. */
const PATIENCE = 100;

const parse = (line: string): Packet => JSON.parse(line.replace('text ', '')) as Packet;

/** Snakes are numbered as long as a server runs; their places and colours are random. */
function normalized(lines: readonly string[]): string[] {
  const [, first = ''] = /"id": ?(\d+)/.exec(lines.join()) ?? [];
  return lines.map((line) =>
    line
      .replace(/#[0-9a-f]{6}/g, '#rrggbb')
      .replace(/"x": \d+, "y": \d+/g, '"x": x, "y": y')
      .replace(/("id": ?)(\d+)/g, (_, name, id) => `${name}${Number(id) - Number(first)}`),
  );
}

/** The received lines without the updates in between. */
async function hearPacket(speaker: Speaker, wanted: RegExp): Promise<string> {
  return (await speaker.hearUntil(wanted, PATIENCE))
    .filter((line) => wanted.test(line) || !UPDATE.test(line))
    .join(' ');
}

async function bodies(speaker: Speaker, count: number): Promise<(readonly Square[])[]> {
  const heard: (readonly Square[])[] = [];
  while (heard.length < count) {
    const { type, data } = parse(await speaker.hear());
    if (type === 'update') heard.push(data[0]?.body ?? []);
  }
  return heard;
}

/** One step of a head; crossing an edge is one step as well. */
function step([from]: readonly Square[], [to]: readonly Square[]): string {
  const along = (before = 0, after = 0, size = 0): number => {
    const distance = after - before;
    if (distance === size) return -10;
    return distance === 10 - size ? 10 : distance;
  };
  return `${along(from?.x, to?.x, 640)},${along(from?.y, to?.y, 480)}`;
}

/** A player's view of a snake that moves in a direction: its steps, each once, and its length. */
async function moves(speaker: Speaker, ...texts: string[]): Promise<string> {
  await speaker.say(...texts);
  await speaker.remote.sendPing();
  await speaker.hearUntil(/^pong/, PATIENCE);
  // The tick that runs while the server reads the text may still use the old direction.
  const seen = (await bodies(speaker, 7)).slice(1);
  const steps = new Set(seen.slice(1).map((body, index) => step(seen[index] ?? [], body)));
  return `${texts.join('+')}: ${[...steps].join(' ')}, length ${seen.at(-1)?.length}`;
}

/** A player alone, then with others who come and go. */
async function conversation(port: number): Promise<string[]> {
  const ann = await open(port);
  const heard = [await ann.hear(), await ann.hear()];
  heard.push(await moves(ann, 'ping', 'NORTH', 'up', '', '"west"'));
  for (const direction of ['east', 'south', 'west', 'north', 'east']) heard.push(await moves(ann, direction));
  // A snake that reverses runs into itself.
  await ann.say('west');
  heard.push(await hearPacket(ann, /dead/), await hearPacket(ann, UPDATE), await moves(ann, 'ping'));

  const ben = await open(port);
  for (const player of [ann, ben]) heard.push(await hearPacket(player, /join/), await hearPacket(player, UPDATE));
  await vanish(port, PATH, async () => heard.push(await hearPacket(ann, /join/)), 'reset');
  heard.push(await hearPacket(ann, /leave/), await hearPacket(ann, UPDATE));
  await ben.leave();
  heard.push(await hearPacket(ann, /leave/), await hearPacket(ann, UPDATE));

  await ann.say('x'.repeat(8193));
  heard.push(await hearPacket(ann, /closed/));
  return normalized(heard);
}

/** A hunter runs into one of eight snakes that stand still. */
async function hunt(port: number): Promise<string[]> {
  const preys: Speaker[] = [];
  for (let count = 0; count < 8; count += 1) preys.push(await open(port));
  const hunter = await open(port);
  const id = await ownId(hunter);
  const heard: string[] = [];
  let killers: { readonly speaker: Speaker; readonly kills: number }[] = [];
  while (killers.length === 0) {
    heard.splice(0, heard.length, await runIntoSomebody(hunter, id));
    // The next player's join arrives after the kill.
    const witness = await open(port);
    const joined = new RegExp(`"id": ${await ownId(witness)}, "color"`);
    const lines = await Promise.all(preys.map((prey) => prey.hearUntil(joined, MOST_OF_A_HUNT)));
    await witness.leave();
    killers = preys
      .map((speaker, index) => {
        const own = lines[index]?.filter((line) => /"(kill|dead)"/.test(line)) ?? [];
        return { speaker, kills: own.slice(own.findLastIndex((line) => line.includes('dead')) + 1).length, own };
      })
      .filter(({ kills, own }) => (heard.push(...own), kills > 0));
  }
  const [killer] = killers;
  if (killer === undefined) throw new Error('nobody was rewarded');
  for (const speaker of [hunter, ...preys]) if (speaker !== killer.speaker) await speaker.leave();
  // Alone, so that it meets no other snake: it grows to 6, and by one for each kill.
  await killer.speaker.say('east');
  const lengths = (await bodies(killer.speaker, killer.kills + 20)).map((body) => body.length);
  heard.push(`grown by ${Math.max(...lengths) - 6 - killer.kills + 1}`);
  await killer.speaker.leave();
  return [...new Set(heard)];
}

const MOST_OF_A_HUNT = 400;

/** The number of the newest player: the last of the list. */
async function ownId(speaker: Speaker): Promise<number> {
  const line = (await speaker.hearUntil(/"join"/, PATIENCE)).at(-1) ?? '';
  return Number(/"id": (\d+), "color": "[^"]*"}\]/.exec(line)?.[1]);
}

/** Settles when the hunter is dead. */
async function runIntoSomebody(hunter: Speaker, id: number): Promise<string> {
  let direction = '';
  for (let left = MOST_OF_A_HUNT; ; left -= 1) {
    if (left === 0) throw new Error('The hunter has met nobody.');
    const line = await hunter.hear();
    const { type, data } = parse(line);
    if (type === 'dead') return line;
    const [head] = data?.find((snake) => snake.id === id)?.body ?? [];
    if (type !== 'update' || head === undefined) continue;
    const distance = ({ x, y }: Square): number => Math.abs(x - head.x) + Math.abs(y - head.y);
    const [goal] = data
      .flatMap((snake) => (snake.id === id ? [] : snake.body))
      .sort((one, other) => distance(one) - distance(other));
    if (goal === undefined) continue;
    const next = towards(head, goal, direction);
    if (next !== direction) await hunter.say(next);
    direction = next;
  }
}

const OPPOSITE: Readonly<Record<string, string>> = { east: 'west', west: 'east', north: 'south', south: 'north' };

/** Never reverses: the snake would run into itself. */
function towards(head: Square, goal: Square, direction: string): string {
  const wanted = [
    ...(goal.x === head.x ? [] : [goal.x > head.x ? 'east' : 'west']),
    ...(goal.y === head.y ? [] : [goal.y > head.y ? 'south' : 'north']),
    'south',
    'east',
  ];
  return wanted.find((next) => next !== OPPOSITE[direction]) ?? 'east';
}

/** Of the original and of the port. */
const CONVERSATION = [
  'text {"type": "join","data":[{"id": 0, "color": "#rrggbb"}]}',
  'text {"type": "update", "data" : [{"id":0,"body":[{"x": x, "y": y}]}]}',
  'ping+NORTH+up++"west": 0,0, length 1',
  'east: 10,0, length 6',
  'south: 0,10, length 6',
  'west: -10,0, length 6',
  'north: 0,-10, length 6',
  'east: 10,0, length 6',
  'text {"type": "dead"}',
  'text {"type": "update", "data" : [{"id":0,"body":[{"x": x, "y": y}]}]}',
  'ping: 0,0, length 1',
  'text {"type": "join","data":[{"id": 0, "color": "#rrggbb"},{"id": 1, "color": "#rrggbb"}]}',
  'text {"type": "update", "data" : [{"id":0,"body":[{"x": x, "y": y}]},{"id":1,"body":[{"x": x, "y": y}]}]}',
  'text {"type": "join","data":[{"id": 0, "color": "#rrggbb"},{"id": 1, "color": "#rrggbb"}]}',
  'text {"type": "update", "data" : [{"id":0,"body":[{"x": x, "y": y}]},{"id":1,"body":[{"x": x, "y": y}]}]}',
  'text {"type": "join","data":[{"id": 0, "color": "#rrggbb"},{"id": 1, "color": "#rrggbb"},{"id": 2, "color": "#rrggbb"}]}',
  'text {"type": "leave", "id": 2}',
  'text {"type": "update", "data" : [{"id":0,"body":[{"x": x, "y": y}]},{"id":1,"body":[{"x": x, "y": y}]}]}',
  'text {"type": "leave", "id": 1}',
  'text {"type": "update", "data" : [{"id":0,"body":[{"x": x, "y": y}]}]}',
  'closed 1009',
];
const HUNT = ['text {"type": "dead"}', 'text {"type": "kill"}', 'grown by 1'];

let server: Awaited<ReturnType<typeof start>>;
beforeAll(async () => (server = await start(0)));
afterEach(everybodyLeaves);
afterAll(() => server.stop());

test('ported snake: the messages of players who join, move, die and leave', async () => {
  expect(await conversation(server.port)).toEqual(CONVERSATION);
});

test('ported snake: a snake that hits another dies, and the other grows', async () => {
  expect(await hunt(server.port)).toEqual(HUNT);
}, 60_000);

describeWithPeer(Tomcat, 'the snakes of Tomcat', () => {
  let tomcat: Tomcat;
  beforeAll(async () => {
    tomcat = await Tomcat.start();
  }, 90_000);
  afterAll(() => tomcat?.stop());

  test('players of the original and of the port receive the same messages', async () => {
    expect(await untilNothingIsLost(() => conversation(tomcat.port))).toEqual(CONVERSATION);
  }, 150_000);

  test('a snake that hits another dies there too, and the other grows', async () => {
    expect(await untilNothingIsLost(() => hunt(tomcat.port))).toEqual(HUNT);
  }, 240_000);
});
