import { onFreePort } from './free-port';
import { installed } from './installed';
import { PeerProcess } from './peer-process';

/** A server of Redis, which stores nothing on disk. */
export class RedisServer {
  private constructor(
    private process: PeerProcess,
    readonly port: number,
  ) {}

  static missing(): string | undefined {
    return installed('redis-server') === undefined
      ? 'redis-server is missing (apt-get install redis-server)'
      : undefined;
  }

  /** Starts one on a free port. */
  static start(): Promise<RedisServer> {
    return onFreePort(async (port) => new RedisServer(await run(port), port));
  }

  stop(): Promise<void> {
    return this.process.stop();
  }

  /** Starts it again on its port, after a stop. Its data are gone. */
  async restart(): Promise<void> {
    this.process = await run(this.port);
  }
}

async function run(port: number): Promise<PeerProcess> {
  const program = installed('redis-server') ?? 'redis-server';
  const { process } = await PeerProcess.startInFolder('redis', (folder) =>
    Promise.resolve({
      program,
      args: ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
      ready: /Ready to accept connections/,
    }),
  );
  return process;
}
