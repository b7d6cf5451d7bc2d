import { createHash } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onFreePort, untilOpen } from './free-port';
import { installed } from './installed';
import { PeerProcess } from './peer-process';

/** The users that a proxy accepts, and the ports it connects to. */
export interface ForwardProxyOptions {
  /** How its users say who they are. */
  readonly scheme: 'basic' | 'digest';
  readonly username: string;
  readonly password: string;
  /** The ports that CONNECT may reach; any other is refused with 403. */
  readonly ports: readonly number[];
}

/** The folder of the programs that check the users, in Debian's package. */
const HELPERS = '/usr/lib/squid';
const REALM = 'the proxy';

/**
 * Squid as a forward proxy whose users authenticate, on its own port at 127.0.0.1. Debian's package is
 * `squid`.
 *
 * @example
 * const options = { scheme: 'basic', username: 'ann', password: 'secret', ports: [443] } as const;
 * const proxy = await ForwardProxy.start(options);
 * const uri = `http://127.0.0.1:${proxy.port}`;
 * await proxy.stop();
 */
export class ForwardProxy {
  private constructor(
    private readonly process: PeerProcess,
    /** Its folder, which is deleted when it stops. */
    readonly folder: string,
    readonly port: number,
  ) {}

  /** Why it cannot be started here; undefined where it can. */
  static missing(): string | undefined {
    return installed('squid') === undefined ? 'there is no squid (Debian: squid)' : undefined;
  }

  /** @throws Error with its log, when it does not start */
  static start(options: ForwardProxyOptions): Promise<ForwardProxy> {
    return onFreePort(async (port) => {
      const { process, folder } = await PeerProcess.startInFolder('squid', async (folder) => {
        // Started by root it becomes another user, who must be able to read this.
        await chmod(folder, 0o755);
        await writeFile(join(folder, 'users'), userLine(options));
        await writeFile(join(folder, 'squid.conf'), configuration(folder, port, options));
        return {
          program: installed('squid') ?? 'squid',
          // In the foreground, its important messages on stderr.
          args: ['-N', '-d', '1', '-f', join(folder, 'squid.conf')],
          ready: /Accepting HTTP Socket connections/,
          // It waits a second for nothing on SIGTERM; what runs beside it ends with its stdin.
          stopSignal: 'SIGKILL',
        };
      });
      try {
        // It says so a moment before it does.
        await untilOpen(port);
      } catch (error) {
        await process.stop();
        throw error;
      }
      return new ForwardProxy(process, folder, port);
    });
  }

  /** Settles when its process has ended. */
  stop(): Promise<void> {
    return this.process.stop();
  }
}

function userLine({ scheme, username, password }: ForwardProxyOptions): string {
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
  const line =
    scheme === 'basic' ? [username, md5(password)] : [username, REALM, md5([username, REALM, password].join(':'))];
  return `${line.join(':')}\n`;
}

const HELPER = { basic: 'basic_ncsa_auth', digest: 'digest_file_auth -c' } as const;

function configuration(folder: string, port: number, { scheme, ports }: ForwardProxyOptions): string {
  return `http_port 127.0.0.1:${port}
visible_hostname localhost
pid_filename none
cache_log /dev/null
access_log none
cache deny all
pinger_enable off
auth_param ${scheme} program ${HELPERS}/${HELPER[scheme]} ${folder}/users
auth_param ${scheme} children 1
auth_param ${scheme} realm ${REALM}
acl known proxy_auth REQUIRED
acl open port ${ports.join(' ')}
http_access deny !known
http_access deny !open
http_access allow CONNECT
http_access deny all
`;
}
