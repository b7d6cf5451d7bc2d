import { startApplication, talk, upgradeAt, type Application } from '../hosts';

// Logins by the HTTP sessions of frameworks. Those of express-session are in users.test.ts.

const ENDED = '1008 This connection was established under an authenticated HTTP session that has ended.';

async function post({ port }: Application, path: string, cookie = ''): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers: { Cookie: cookie } });
}

/** @returns the cookies of the session */
async function login(application: Application, name: string): Promise<string> {
  const response = await post(application, `/login/${name}`);
  expect(await response.text()).toBe('welcome');
  return response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0] ?? '')
    .join('; ');
}

describe.each(['fastify', 'koa'])('a login of %s', (framework) => {
  it('is the user of the session, which ends with 1008 soon after the logout, and no other session does', async () => {
    const application = await startApplication('logins', { args: [framework, '30'] });
    expect((await upgradeAt(application, '/rooms/blue')).status).toBe(401);
    const [ann, bob] = [await login(application, 'ann'), await login(application, 'bob')];
    const ofAnn = (await upgradeAt(application, '/rooms/blue', { Cookie: ann })).client;
    const ofBob = (await upgradeAt(application, '/rooms/blue', { Cookie: bob })).client;
    expect(await talk(ofAnn, 'hi')).toBe('blue, ann: hi');
    expect(await (await post(application, '/logout', ann)).text()).toBe('bye');
    expect(await ofAnn.close()).toBe(ENDED);
    expect(await talk(ofBob, 'hi')).toBe('blue, bob: hi');
  });

  it('ends at once with endHttpSession', async () => {
    const application = await startApplication('logins', { args: [framework, '0'] });
    const ann = await login(application, 'ann');
    const { client } = await upgradeAt(application, '/rooms/blue', { Cookie: ann });
    expect(await talk(client, 'hi')).toBe('blue, ann: hi');
    expect(await (await post(application, '/end', ann)).text()).toBe('1');
    expect(await client.close()).toBe(ENDED);
  });
});
