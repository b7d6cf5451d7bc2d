import { existsSync } from 'node:fs';
import type { PeerKind } from './describe-with-peer';
import { onFreePort } from './free-port';
import { FRONTS, type FrontName } from './fronts';
import { installed } from './installed';
import { PeerProcess } from './peer-process';

/**
 * A reverse proxy in front of a server, with a configuration that a test gives, on its own port. {@link FRONTS} adds
 * the settings that it needs to run in the foreground, in its own folder.
 *
 * @example
 * const haproxy = await FrontServer.start('haproxy', (port) => `frontend f\n bind 127.0.0.1:${port}\n …`);
 * await haproxy.stop();
 */
export class FrontServer {
  private constructor(
    private readonly process: PeerProcess,
    /** Its folder, which is deleted when it stops. */
    readonly folder: string,
    readonly port: number,
  ) {}

  /** A kind for `describeWithPeer`. */
  static kind(name: FrontName): PeerKind {
    const { program, module, debian } = FRONTS[name];
    return {
      missing() {
        const missing =
          installed(program) === undefined ? program : module !== undefined && !existsSync(module) && module;
        return missing === false ? undefined : `there is no ${missing} (Debian: ${debian})`;
      },
    };
  }

  /**
   * @param configure the configuration, for a port that is free
   * @throws Error with its log, when it does not start
   */
  static start(name: FrontName, configure: (port: number) => string): Promise<FrontServer> {
    const { program, prepare } = FRONTS[name];
    return onFreePort(async (port) => {
      const { process, folder } = await PeerProcess.startInFolder(name, async (folder) => ({
        program: installed(program) ?? program,
        ready: port,
        ...(await prepare(folder, configure(port), port)),
      }));
      return new FrontServer(process, folder, port);
    });
  }

  /** The end of its log. */
  get log(): string {
    return this.process.output;
  }

  /** Settles when its process has ended. */
  stop(): Promise<void> {
    return this.process.stop();
  }
}
