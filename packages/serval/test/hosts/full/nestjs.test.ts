import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { describeHost, describeHttp2Host, startApplication, talk, upgradeAt, type Application } from '../hosts';

/** The answer of a route of the application. */
async function post({ port }: Application, path: string): Promise<number> {
  const asked = request({ port, host: '127.0.0.1', path, method: 'POST' });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode ?? 0;
}

describeHttp2Host('nestjs', { args: ['fastify'], hasCookie: false });

const ANN = { 'X-User': 'ann' };

describe.each(['express', 'fastify'])('ServalModule on the %s adapter', (adapter) => {
  describeHost('nestjs', { args: [adapter], hasCookie: adapter === 'express' });

  it('deploys the endpoints of every module, with injected constructors and one instance for each session', async () => {
    const application = await startApplication('nestjs', { args: [adapter] });
    const first = await upgradeAt(application, '/chat/blue', ANN);
    const second = await upgradeAt(application, '/chat/blue', { 'X-User': 'bob' });
    expect(await talk(first.client, ' hi ')).toBe('visit 1 of ann: hi of 2!');
    expect(await talk(second.client, 'hi')).toBe('visit 2 of bob: hi of 2!');
    expect(await talk(first.client, 'hi')).toBe('visit 1 of ann: hi of 2!');
  });

  it('runs the guards of the application and of the class on the handshake', async () => {
    const application = await startApplication('nestjs', { args: [adapter] });
    expect((await upgradeAt(application, '/chat/blue')).status).toBe(401);
    expect((await upgradeAt(application, '/chat/red', ANN)).status).toBe(403);
    // The metadata of @OnOpen make it public.
    expect((await upgradeAt(application, '/deployed')).status).toBe(101);
  });

  it('answers with the status, the headers and the body of a guard', async () => {
    const application = await startApplication('nestjs', { args: [adapter] });
    const ask = (query: string) => upgradeAt(application, `/answered?${query}`, ANN);
    const body = await ask('how=body');
    expect([body.status, JSON.parse(body.rest)]).toEqual([402, { code: 'no-plan', plans: ['gold'] }]);
    expect(body.header('content-type')).toContain('application/json');
    const text = await ask('how=text');
    expect([text.status, JSON.parse(text.rest)]).toEqual([418, { statusCode: 418, message: 'the kettle is cold' }]);
    const headers = await ask('how=headers');
    expect([headers.status, headers.header('www-authenticate')]).toEqual([401, 'Bearer realm="chat"']);
    expect(JSON.parse(headers.rest)).toMatchObject({ message: 'who are you?' });
    for (const then of ['false', 'true']) {
      const redirect = await ask(`how=redirect&then=${then}`);
      expect([redirect.status, redirect.header('location')]).toEqual([307, '/login']);
    }
    const error = await ask('how=error');
    expect([error.status, error.rest]).toEqual([500, expect.not.stringContaining('database')]);
    expect((await ask('how=')).status).toBe(101);
  });

  it('refuses a guard that depends on a request, which would lack it', async () => {
    await expect(startApplication('nestjs', { args: [adapter, 'request-scoped'] })).rejects.toThrow(
      'Tenants has TenantGuard, which depends on a request.',
    );
  });

  it('runs the guards, pipes, interceptors and filters of a handler for its messages', async () => {
    const application = await startApplication('nestjs', { args: [adapter] });
    const { client } = await upgradeAt(application, '/chat/green', ANN);
    expect(await talk(client, 'a bad word')).toBe('forbidden: a bad word');
    expect(await talk(client, '  ')).toBe('refused: empty');
    expect(await talk(client, 'fine')).toBe('visit 1 of ann: fine of 2!');
  });

  it('takes a strategy of @nestjs/passport for the handshake, and class-validator for messages', async () => {
    const application = await startApplication('nestjs', { args: [adapter] });
    const refused = await upgradeAt(application, '/orders');
    expect([refused.status, JSON.parse(refused.rest)]).toEqual([401, { message: 'Unauthorized', statusCode: 401 }]);
    const { client, status } = await upgradeAt(application, '/orders?token=ann');
    expect(status).toBe(101);
    const order = async (message: object) => JSON.parse(await talk(client, JSON.stringify(message))) as unknown;
    expect(await order({ type: 'order', item: 'tea', count: 2 })).toEqual({
      type: 'ordered',
      item: 'tea',
      isOrder: true,
      by: 'ann',
    });
    expect(await order({ type: 'order', item: 7, count: 0 })).toEqual({
      type: 'invalid',
      why: ['item must be a string', 'count must not be less than 1'],
    });
  });

  it('the container is injectable: a controller sends to a room', async () => {
    const application = await startApplication('nestjs', { args: [adapter] });
    const { client } = await upgradeAt(application, '/chat/green', ANN);
    // So that @OnOpen has run.
    await talk(client, 'hi');
    expect(await post(application, '/notify/green')).toBe(201);
    expect(await client.text()).toBe('from a route');
  });
});
