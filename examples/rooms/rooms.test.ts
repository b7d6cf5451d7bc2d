import { TestClient } from '../test-client';
import { start } from './server';

let server: Awaited<ReturnType<typeof start>>;

beforeEach(async () => (server = await start(0)));
afterEach(() => server.stop());

const enter = (name: string): Promise<TestClient> => TestClient.open(`ws://127.0.0.1:${server.port}/desk?name=${name}`);
const order = (department: string, text: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.port}/orders?department=${department}`, { method: 'POST', body: text });

test('rooms tells a department who is at the desk, and passes on messages and orders by HTTP', async () => {
  const [ann, bob] = [await enter('Ann'), await enter('Bob')];
  ann.send('join sales');
  expect(await ann.next()).toBe('sales: 1 at the desk');
  bob.send('join sales');
  for (const clerk of [ann, bob]) expect(await clerk.next()).toBe('sales: 2 at the desk');
  bob.send('hello');
  expect(await ann.next()).toBe('Bob: hello');
  expect((await order('sales', 'tea')).status).toBe(204);
  for (const clerk of [ann, bob]) expect(await clerk.next()).toBe('order for sales: tea');
  bob.send('leave sales');
  expect(await ann.next()).toBe('sales: 1 at the desk');
  expect(await (await fetch(`http://127.0.0.1:${server.port}/desk?department=sales`)).text()).toBe('1');
});

test('rooms refuses an order without a department, and one that is too long', async () => {
  expect((await order('', 'tea')).status).toBe(404);
  expect((await order('sales', 'x'.repeat(1001))).status).toBe(400);
});
