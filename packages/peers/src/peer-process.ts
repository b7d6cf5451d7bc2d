import { spawn, type ChildProcess } from 'node:child_process';

/** How a peer is started. */
export interface PeerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** What it prints, on stdout or stderr, when it listens. */
  readonly ready: RegExp;
  /** Default 60 seconds: a Java virtual machine on a busy machine. */
  readonly startLimitMs?: number;
}

const STOP_LIMIT_MS = 5000;
/** The end of what a peer has printed; more is of no use in an error. */
const KEPT_CHARACTERS = 16_384;

/** A peer in a process of its own, which ends with ours at the latest. */
export class PeerProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly printed: () => string,
    /** How {@link PeerCommand.ready} matched, for what its groups say. */
    readonly readyMatch: RegExpExecArray,
  ) {}

  /** @throws Error with what the peer has printed, when it does not start */
  static async start(command: PeerCommand): Promise<PeerProcess> {
    const { program, args, cwd, ready, startLimitMs = 60_000 } = command;
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('close', () => process.off('exit', kill));
    let output = '';
    try {
      const match = await new Promise<RegExpExecArray>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`not ready within ${startLimitMs} ms`)), startLimitMs);
        const settled = (settle: () => void): void => {
          clearTimeout(timer);
          settle();
        };
        child.once('error', (error) => settled(() => reject(error)));
        child.once('close', (code, signal) => settled(() => reject(new Error(`ended with ${signal ?? code}`))));
        for (const stream of [child.stdout, child.stderr]) {
          stream.setEncoding('utf8').on('data', (text: string) => {
            output = (output + text).slice(-KEPT_CHARACTERS);
            const found = ready.exec(output);
            if (found !== null) settled(() => resolve(found));
          });
        }
      });
      return new PeerProcess(child, () => output, match);
    } catch (cause) {
      kill();
      throw new Error(`${program} could not be started: ${(cause as Error).message}\n${output}`, { cause });
    }
  }

  /** The last of what it has printed. */
  get output(): string {
    return this.printed();
  }

  /** Settles when the process has ended. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_LIMIT_MS);
    await ended;
    clearTimeout(timer);
  }
}
