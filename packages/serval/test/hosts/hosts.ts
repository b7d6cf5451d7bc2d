import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  clientFrame,
  closeFrame,
  upgradeRequest,
  type HeaderChanges,
  type RawConnection,
} from '../../../server/test/raw-connection';
import { connectHttp2, Http2Client } from '../../../server/test/http2-client';
import { connectTo } from '../../../server/test/test-server';
import { afterTest } from '../../../testing/test/toolbox';

/** An application in another process, without Jest's modules. */
export interface Application {
  readonly port: number;
  /** Sends SIGTERM. @returns what it printed after its port, and the exit code */
  stop(): Promise<string>;
}

interface HostOptions {
  /** Of the program. */
  readonly args?: readonly string[];
  /** The command that runs the program. Default: this Node. */
  readonly runtime?: readonly string[];
}

export async function startApplication(name: string, options: HostOptions = {}): Promise<Application> {
  const { args = [], runtime = [process.execPath] } = options;
  const [command = '', ...first] = runtime;
  const child = spawn(command, [...first, join(__dirname, 'apps', `${name}.mjs`), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  afterTest(() => child.kill('SIGKILL'));
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const { value: printed } = await lines.next();
  const port = Number(printed);
  if (printed === undefined) await once(child, 'close');
  if (!(port > 0)) throw new Error(`The application ${name} printed ${String(printed)} ${errors}`);
  return {
    port,
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const { value } = await lines.next();
      const [code] = (await exited) as [number | null];
      return `${String(value)}, ${code}`;
    },
  };
}

export async function upgradeAt(
  { port }: Application,
  path: string,
  headers?: HeaderChanges,
): Promise<{ client: RawConnection; status: number; header: (name: string) => string; rest: string }> {
  const client = await connectTo(port);
  client.send(upgradeRequest(path, headers));
  const response = await client.response();
  const header = (name: string): string => response.headers.get(name)?.join('; ') ?? '';
  // A body in chunks, which the connection ends.
  const rest = response.status === 101 ? '' : response.body + (await client.end());
  return { client, status: response.status, header, rest };
}

export async function talk(client: RawConnection, text: string): Promise<string> {
  client.send(clientFrame(0x81, text));
  return client.text();
}

/** The cases of every host: upgrades through its routes. */
export function describeHost(name: string, options: HostOptions & { readonly hasCookie?: boolean } = {}): void {
  const { hasCookie = true } = options;
  const start = (): Promise<Application> => startApplication(name, options);
  describe(name, () => {
    it('runs middleware, then upgrades with the path parameters, the user and the headers of the response', async () => {
      const { client, status, header } = await upgradeAt(await start(), '/rooms/blue', { 'X-User': 'ann' });
      expect(status).toBe(101);
      expect(header('x-trail')).toBe('first');
      if (hasCookie) expect(header('set-cookie')).toMatch(/\bsid=/);
      expect(header('connection')).toBe('Upgrade');
      expect(header('content-length') + header('transfer-encoding') + header('content-type')).toBe('');
      expect(await talk(client, 'hi')).toBe('blue, ann: hi');
      client.send(closeFrame(1000));
      expect(await client.close()).toBe('1000');
    });

    it('answers with plain HTTP in all other cases', async () => {
      const application = await start();
      const refused = await upgradeAt(application, '/rooms/blue');
      expect([refused.status, refused.header('x-trail')]).toEqual([401, 'first']);
      expect(refused.rest).toContain('who are you?');
      const missing = await upgradeAt(application, '/nowhere');
      expect([missing.status, missing.rest]).toEqual([404, expect.stringMatching(/no such page|Not Found/)]);
      const broken = await upgradeAt(application, '/broken');
      expect([broken.status, broken.rest]).toEqual([500, expect.stringMatching(/broken|Internal server error/)]);
      const silent = await upgradeAt(application, '/silent');
      expect([silent.status, silent.rest]).toEqual([503, expect.stringContaining('took too long')]);
      const foreign = await upgradeAt(application, '/rooms/blue', { 'X-User': 'ann', Origin: 'https://other.example' });
      expect([foreign.status, foreign.header('x-trail')]).toEqual([403, 'first']);
      expect(foreign.rest).toContain('https://other.example');
    });

    it('refuses a path that cannot be decoded with 400, before any route', async () => {
      const refused = await upgradeAt(await start(), '/rooms/%', { 'X-User': 'ann' });
      expect([refused.status, refused.header('x-trail')]).toEqual([400, '']);
      expect(refused.rest).toContain('The target of the request is not a path');
    });

    it('stops: sessions of routes and deployed endpoints end with 1001, and the process ends', async () => {
      const application = await start();
      const routed = await upgradeAt(application, '/rooms/blue', { 'X-User': 'ann' });
      const deployed = await upgradeAt(application, '/deployed');
      expect(await talk(deployed.client, 'echo')).toBe('echo');
      const stopped = application.stop();
      for (const { client } of [routed, deployed]) {
        expect(await client.close()).toBe('1001 The server is stopping.');
        client.send(closeFrame(1001));
        client.finish();
      }
      expect(await stopped).toBe('stopped, 0');
    });
  });
}

/** The cases of a host whose server speaks HTTP/2: extended CONNECTs through its routes. */
export function describeHttp2Host(name: string, options: HostOptions & { readonly hasCookie?: boolean } = {}): void {
  const { args = [], hasCookie = true } = options;
  const start = async () => {
    const { port } = await startApplication(name, { ...options, args: [...args, 'http2'] });
    const connection = await connectHttp2(port);
    return (path: string, headers: Readonly<Record<string, string>> = {}) =>
      Http2Client.request(connection, path, headers);
  };
  const ANN = { 'x-user': 'ann' };

  describe(`${name} over HTTP/2`, () => {
    it('runs middleware, then upgrades with the path parameters, the user and the headers of the response', async () => {
      const ask = await start();
      const client = ask('/rooms/blue', ANN);
      expect(await client.status()).toBe(200);
      expect(client.headers?.['x-trail']).toBe('first');
      if (hasCookie) expect(String(client.headers?.['set-cookie'])).toMatch(/\bsid=/);
      expect(client.headers).not.toHaveProperty('content-length');
      client.send(clientFrame(0x81, 'hi'));
      expect(await client.text()).toBe('blue, ann: hi');
      const deployed = ask('/deployed');
      expect(await deployed.status()).toBe(200);
    });

    it('answers with plain HTTP in all other cases, and never accepts by a 2xx', async () => {
      const ask = await start();
      const answer = async (path: string, headers?: Readonly<Record<string, string>>) => {
        const client = ask(path, headers);
        return [await client.status(), await client.body(), client.headers?.['x-trail']];
      };
      expect(await answer('/rooms/blue')).toEqual([401, expect.stringContaining('who are you?'), 'first']);
      expect(await answer('/nowhere')).toEqual([404, expect.stringMatching(/no such page|Not Found/), 'first']);
      // Koa removes the headers.
      expect((await answer('/broken')).slice(0, 2)).toEqual([500, expect.stringMatching(/broken|Internal/)]);
      expect((await answer('/silent')).slice(0, 2)).toEqual([503, expect.stringContaining('took too long')]);
      expect((await answer('/page')).slice(0, 2)).toEqual([404, expect.stringContaining('No WebSocket endpoint')]);
      expect((await answer('/rooms/%', ANN)).slice(0, 2)).toEqual([400, expect.stringContaining('not a path')]);
      const foreign = await answer('/rooms/blue', { ...ANN, origin: 'https://other.example' });
      expect(foreign).toEqual([403, expect.stringContaining('https://other.example'), 'first']);
    });
  });
}

export function describeTwoHosts(): void {
  it('two frameworks share a server', async () => {
    const application = await startApplication('two');
    const first = await upgradeAt(application, '/express/blue');
    const second = await upgradeAt(application, '/koa/blue');
    expect(await talk(first.client, 'hi')).toBe('blue, nobody: hi');
    expect(await talk(second.client, 'hi')).toBe('blue of Koa, nobody: hi');
    expect((await upgradeAt(application, '/elsewhere')).status).toBe(404);
  });
}
