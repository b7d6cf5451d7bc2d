import { TestClient } from '../test-client';
import { start } from './server';

let server: Awaited<ReturnType<typeof start>>;

beforeEach(async () => (server = await start(0)));
afterEach(() => server.stop());

/** Opens without reading the greeting. */
function enter(room: string, name: string): Promise<TestClient> {
  const path = `/chat/${encodeURIComponent(room)}?name=${encodeURIComponent(name)}`;
  return TestClient.open(`ws://127.0.0.1:${server.port}${path}`);
}

async function join(room: string, name: string): Promise<TestClient> {
  const client = await enter(room, name);
  expect(await client.nextJson()).toMatchObject({ kind: 'welcome' });
  return client;
}

const say = (text: unknown): string => JSON.stringify({ kind: 'say', text });

test('chat greets a newcomer with the list of members, and announces the newcomer to the others', async () => {
  const ada = await enter('lobby', 'Ada');
  expect(await ada.nextJson()).toEqual({ kind: 'welcome', you: 'Ada', members: ['Ada'] });
  const grace = await enter('lobby', 'Grace');
  expect(await grace.nextJson()).toEqual({ kind: 'welcome', you: 'Grace', members: ['Ada', 'Grace'] });
  expect(await ada.nextJson()).toEqual({ kind: 'joined', name: 'Grace' });
  await grace.close();
  expect(await ada.nextJson()).toEqual({ kind: 'left', name: 'Grace' });
});

test('chat sends a message to everyone in the room, including the sender, and to no other room', async () => {
  const [ada, grace, stranger] = [await join('a', 'Ada'), await join('a', 'Grace'), await join('b', 'Stranger')];
  await ada.next();
  ada.send(say(' hello\n'));
  for (const client of [ada, grace]) {
    const said = await client.nextJson();
    expect(said).toEqual({ kind: 'said', name: 'Ada', text: 'hello', at: expect.any(Number) });
  }
  stranger.send(say('only me'));
  expect(await stranger.nextJson()).toMatchObject({ name: 'Stranger' });
});

test('chat gives each member of a room a unique name', async () => {
  await join('lobby', 'Ada');
  const names = [];
  for (const room of ['lobby', 'lobby', 'kitchen']) {
    names.push(((await (await enter(room, 'Ada')).nextJson()) as { you: string }).you);
  }
  expect(names).toEqual(['Ada 2', 'Ada 3', 'Ada']);
});

test('chat keeps a name with a number within its 24 characters', async () => {
  await join('lobby', '😀'.repeat(24));
  const second = await enter('lobby', '😀'.repeat(24));
  expect(await second.nextJson()).toMatchObject({ you: `${'😀'.repeat(22)} 2` });
});

test('chat trims a name and collapses its spaces', async () => {
  const client = await enter('lobby', '  Grace   Hopper ');
  expect(await client.nextJson()).toMatchObject({ you: 'Grace Hopper' });
});

test.each([
  ['no name', 'lobby', ''],
  ['a blank name', 'lobby', '   '],
  ['a name of 25 characters', 'lobby', 'a'.repeat(25)],
  ['a room of 33 characters', 'r'.repeat(33), 'Ada'],
  ['a room with a slash', 'a/b', 'Ada'],
])('chat closes with 1008 and a reason for %s', async (_title, room, name) => {
  const client = await enter(room, name);
  expect(await client.closed).toMatch(/^1008 A (name|room) has 1 to (24|32) /);
});

test('chat accepts rooms and names in any script', async () => {
  const client = await enter('Küche 2', 'Ådå');
  expect(await client.nextJson()).toMatchObject({ you: 'Ådå' });
});

test.each([
  ['what is not JSON', 'hello', 'A message is JSON.'],
  ['JSON that is no object', 'null', 'A message looks like {"kind":"say","text":"hello"}.'],
  ['another kind', '{"kind":"shout","text":"x"}', 'A message looks like {"kind":"say","text":"hello"}.'],
  ['a text that is no string', say(7), 'A message looks like {"kind":"say","text":"hello"}.'],
  ['a blank text', say(' '), 'A text has 1 to 1000 characters.'],
  ['a text of 1001 characters', say('x'.repeat(1001)), 'A text has 1 to 1000 characters.'],
])('chat answers %s and keeps the session open', async (_title, message, problem) => {
  const ada = await join('lobby', 'Ada');
  ada.send(message);
  expect(await ada.nextJson()).toEqual({ kind: 'error', problem });
  ada.send(say('€'.repeat(1000)));
  expect(await ada.nextJson()).toMatchObject({ kind: 'said', text: '€'.repeat(1000) });
});

test('chat continues for the others when a member disconnects without a close frame', async () => {
  const [ada, grace, linus] = [await join('r', 'Ada'), await join('r', 'Grace'), await join('r', 'Linus')];
  await ada.next();
  await ada.next();
  grace.socket.terminate();
  for (let number = 0; number < 5; number++) linus.send(say(`number ${number}`));
  const kinds: string[] = [];
  while (kinds.filter((kind) => kind === 'said').length < 5 || !kinds.includes('left')) {
    kinds.push(((await ada.nextJson()) as { kind: string }).kind);
  }
  expect(kinds.sort()).toEqual(['left', 'said', 'said', 'said', 'said', 'said']);
});

test('chat answers a room of 50 with one message for each of them', async () => {
  const members = await Promise.all(Array.from({ length: 50 }, (_, index) => enter('crowd', `member ${index}`)));
  const isTheWord = (message: unknown): boolean => (message as { kind: string }).kind === 'said';
  members[0]?.send(say('hello, all'));
  for (const member of members) {
    let message = await member.nextJson();
    while (!isTheWord(message)) message = await member.nextJson();
    expect(message).toMatchObject({ name: 'member 0', text: 'hello, all' });
  }
});
