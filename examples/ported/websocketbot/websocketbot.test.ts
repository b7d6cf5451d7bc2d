import { TestClient } from '../../test-client';
import { start } from './server';

let server: Awaited<ReturnType<typeof start>>;
let logged: jest.SpyInstance;

beforeEach(async () => {
  logged = jest.spyOn(console, 'error').mockImplementation();
  server = await start(0);
});
afterEach(async () => {
  await server.stop();
  jest.restoreAllMocks();
});

const connect = (): Promise<TestClient> => TestClient.open(`ws://127.0.0.1:${server.port}/websocketbot/websocketbot`);

const joining = (name: string): string => `{"type":"join","name":"${name}"}`;
const saying = (name: string, target: string, message: string): string =>
  JSON.stringify({ type: 'chat', name, target, message });

async function join(name: string, others: readonly TestClient[] = []): Promise<TestClient> {
  const client = await connect();
  client.send(joining(name));
  for (const reader of [client, ...others]) {
    for (let message = 0; message < 3; message++) await reader.next();
  }
  return client;
}

test('websocketbot announces a new user, greets, and lists the users, in this order and letter by letter', async () => {
  const ann = await connect();
  ann.send(joining('Ann'));
  expect(await ann.next()).toBe('{"type":"info","info":"Ann has joined the chat"}');
  expect(await ann.next()).toBe('{"type":"chat","name":"Duke","target":"Ann","message":"Hello!"}');
  expect(await ann.next()).toBe('{"type":"users","userlist":["Duke","Ann"]}');

  const ben = await connect();
  ben.send(joining('Ben'));
  for (const client of [ann, ben]) {
    expect(await client.nextJson()).toEqual({ type: 'info', info: 'Ben has joined the chat' });
    expect(await client.nextJson()).toEqual({ type: 'chat', name: 'Duke', target: 'Ben', message: 'Hello!' });
    expect(await client.nextJson()).toEqual({ type: 'users', userlist: ['Duke', 'Ann', 'Ben'] });
  }
});

test('websocketbot sends a chat message to everyone, including its sender', async () => {
  const ann = await join('Ann');
  const ben = await join('Ben', [ann]);
  ben.send(saying('Ben', 'Ann', 'Tea?'));
  for (const client of [ann, ben]) {
    expect(await client.next()).toBe('{"type":"chat","name":"Ben","target":"Ann","message":"Tea?"}');
  }
});

test('websocketbot announces a user who left', async () => {
  const ann = await join('Ann');
  const ben = await join('Ben', [ann]);
  await ben.close();
  expect(await ann.next()).toBe('{"type":"info","info":"Ben has left the chat"}');
  expect(await ann.next()).toBe('{"type":"users","userlist":["Duke","Ann"]}');
});

test('websocketbot lists the users who joined, but not those who are only connected', async () => {
  const silent = await connect();
  const ann = await connect();
  ann.send(joining('Ann'));
  for (const client of [ann, silent]) {
    await client.next();
    await client.next();
    expect(await client.nextJson()).toEqual({ type: 'users', userlist: ['Duke', 'Ann'] });
  }
  // A visitor without a name leaves unnoticed.
  await silent.close();
  ann.send(saying('Ann', '', 'Alone.'));
  expect(await ann.nextJson()).toMatchObject({ message: 'Alone.' });
});

test('Duke answers after a while, and other messages do not wait for the answer', async () => {
  const ann = await join('Ann');
  const questions = ['How are you?', 'how old are you', 'WHEN IS YOUR BIRTHDAY?', "What's your favorite color?", 'Hm?'];
  for (const question of questions) ann.send(saying('Ann', 'Duke', question));
  for (const question of questions) expect(await ann.nextJson()).toMatchObject({ name: 'Ann', message: question });
  const answers: unknown[] = [];
  while (answers.length < questions.length) answers.push(await ann.nextJson());
  expect(answers).toEqual(
    [
      /^Very well/,
      new RegExp(`^I am ${new Date().getFullYear() - 1995} years`),
      /23rd of May/,
      /^Blue/,
      /beyond me/,
    ].map((message) => ({ type: 'chat', name: 'Duke', target: 'Ann', message: expect.stringMatching(message) })),
  );
});

test('Duke does not answer a user who left', async () => {
  const ann = await join('Ann');
  ann.send(saying('Ann', 'Duke', 'How are you?'));
  await ann.next();
  await ann.close();
  // Ben's answer comes after the one that Ann would have got.
  const ben = await join('Ben');
  ben.send(saying('Ben', 'Duke', 'How are you?'));
  expect(await ben.nextJson()).toMatchObject({ name: 'Ben' });
  expect(await ben.nextJson()).toMatchObject({ name: 'Duke', target: 'Ben' });
  expect(logged).not.toHaveBeenCalled();
});

test.each([
  ['no JSON', '{"type":"join"', 'A message is JSON.'],
  ['no object', '[1]', 'A message is a join'],
  ['null', 'null', 'A message is a join'],
  ['a join without a name', '{"type":"join"}', 'A message is a join'],
  ['a chat without a target', '{"type":"chat","name":"Ann","message":"Hm"}', 'A message is a join'],
  ['a chat with a number', '{"type":"chat","name":"Ann","target":"","message":1}', 'A message is a join'],
  ['another type', '{"type":"info","info":"Ann is the queen"}', 'A message is a join'],
])('websocketbot logs %s, passes nothing on, and the session stays open', async (_, text, problem) => {
  const ann = await join('Ann');
  ann.send(text);
  ann.send(saying('Ann', '', 'Still here.'));
  expect(await ann.nextJson()).toMatchObject({ message: 'Still here.' });
  expect(logged.mock.calls).toEqual([
    [
      'Connection error.',
      expect.objectContaining({ name: 'DecodeException', message: expect.stringContaining(problem) }),
    ],
  ]);
});

test('websocketbot closes with 1009 for a message of more than 8192 bytes, and with 1001 when it stops', async () => {
  const [ann, ben] = [await connect(), await connect()];
  ann.send(saying('Ann', '', 'x'.repeat(8192)));
  expect(await ann.closed).toMatch(/^1009/);
  await server.stop();
  expect(await ben.closed).toMatch(/^1001/);
});
