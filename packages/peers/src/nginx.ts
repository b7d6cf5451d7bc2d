import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onFreePort } from './free-port';
import { installed } from './installed';
import { PeerProcess } from './peer-process';

/**
 * nginx, with a configuration that a test gives, on a port of its own. Debian's package is `nginx-light`, or any other
 * flavour.
 *
 * @example
 * const nginx = await Nginx.start((port) => `server { listen 127.0.0.1:${port}; return 204; }`);
 * await nginx.stop();
 */
export class Nginx {
  private constructor(
    private readonly process: PeerProcess,
    /** What it reads and writes; gone when it is stopped. */
    readonly folder: string,
    readonly port: number,
  ) {}

  /** Why it cannot be started here; undefined where it can. */
  static missing(): string | undefined {
    return installed('nginx') === undefined ? 'there is no nginx (Debian: nginx-light)' : undefined;
  }

  /**
   * @param configure what stands in the `http` block, for a port that is free
   * @throws Error with its log, when it does not start
   */
  static start(configure: (port: number) => string): Promise<Nginx> {
    return onFreePort(async (port) => {
      const { process, folder } = await PeerProcess.startInFolder('nginx', async (folder) => {
        await mkdir(join(folder, 'temp'));
        await writeFile(join(folder, 'nginx.conf'), configuration(configure(port)));
        return {
          program: installed('nginx') ?? 'nginx',
          // -e: before it has read its configuration it would log to a file of the system.
          args: ['-e', 'stderr', '-p', folder, '-c', 'nginx.conf'],
          ready: /using the "\w+" event method/,
        };
      });
      return new Nginx(process, folder, port);
    });
  }

  /** The last of what it has logged. */
  get log(): string {
    return this.process.output;
  }

  /** Settles when its process has ended. */
  stop(): Promise<void> {
    return this.process.stop();
  }
}

/** One process in the foreground, which writes to its folder only. */
function configuration(http: string): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path temp/${name};`);
  return `daemon off;
master_process off;
pid nginx.pid;
error_log stderr notice;
events {}
http {
  access_log off;
  ${paths.join('\n  ')}
${http}
}
`;
}
