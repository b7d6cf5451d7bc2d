import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onFreePort } from './free-port';
import { installed } from './installed';
import { PeerProcess } from './peer-process';

/** The one user of a {@link SmallProxy}. */
export interface ProxyUser {
  readonly username: string;
  readonly password: string;
}

/** How each is started on a port of 127.0.0.1. */
const PROGRAMS = {
  tinyproxy: async (folder: string, port: number, { username, password }: ProxyUser) => {
    const file = join(folder, 'tinyproxy.conf');
    const lines = [`Port ${port}`, 'Listen 127.0.0.1', 'LogLevel Error', `BasicAuth ${username} ${password}`, ''];
    await writeFile(file, lines.join('\n'));
    return ['-d', '-c', file];
  },
  microsocks: (_folder: string, port: number, { username, password }: ProxyUser) =>
    Promise.resolve(['-i', '127.0.0.1', '-p', `${port}`, '-u', username, '-P', password]),
} as const;

/**
 * A forward proxy that asks for its one user: tinyproxy (HTTP) or microsocks (SOCKS 5). Debian's packages have the same
 * names.
 *
 * @example
 * const proxy = await SmallProxy.start('microsocks', { username: 'ann', password: 'secret' });
 * const uri = `socks5h://127.0.0.1:${proxy.port}`;
 * await proxy.stop();
 */
export class SmallProxy {
  private constructor(
    private readonly process: PeerProcess,
    readonly port: number,
  ) {}

  /** Why they cannot be started here; undefined where they can. */
  static missing(): string | undefined {
    const missing = Object.keys(PROGRAMS).filter((name) => installed(name) === undefined);
    return missing.length === 0 ? undefined : `there is no ${missing.join(', no ')} (Debian: ${missing.join(' ')})`;
  }

  /** @throws Error when it does not start */
  static start(name: keyof typeof PROGRAMS, user: ProxyUser): Promise<SmallProxy> {
    return onFreePort(async (port) => {
      const { process } = await PeerProcess.startInFolder(name, async (folder) => ({
        program: installed(name) ?? name,
        args: await PROGRAMS[name](folder, port, user),
        ready: port,
      }));
      return new SmallProxy(process, port);
    });
  }

  /** Settles when its process has ended. */
  stop(): Promise<void> {
    return this.process.stop();
  }
}
