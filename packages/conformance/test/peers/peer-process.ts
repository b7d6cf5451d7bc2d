import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { untilOpen } from './free-port';

/** How a peer that listens is started. */
export interface PeerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The text that it prints on stdout or stderr once it listens, or the port of 127.0.0.1 on which it listens. */
  readonly ready: RegExp | number;
  /** Beside the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default 60 seconds: a Java virtual machine on a busy machine. */
  readonly startLimitMs?: number;
  /** The signal that ends it quickly. Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
}

/** How a program has ended, and what it has printed. */
export interface PeerEnd {
  /** Null when a signal has ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const STOP_LIMIT_MS = 5000;
/** How much of the end of a peer's output an error shows. */
const KEPT_CHARACTERS = 16_384;

/** A peer in its own process, which ends with ours at the latest. */
export class PeerProcess {
  #folder: string | undefined;

  private constructor(
    private readonly child: ChildProcess,
    private readonly printed: () => string,
    private readonly stopSignal: NodeJS.Signals,
    /** How {@link PeerCommand.ready} matched, for what its groups say; empty for a port. */
    readonly readyMatch: readonly string[],
  ) {}

  /**
   * Starts a peer in a new folder, which is gone when the peer is stopped, or has not started.
   *
   * @param name of the peer, for the folder's name
   * @param prepare writes what the peer reads
   * @throws Error as {@link start}, or the error of `prepare`
   */
  static async startInFolder(
    name: string,
    prepare: (folder: string) => Promise<Omit<PeerCommand, 'cwd'>>,
  ): Promise<{ readonly process: PeerProcess; readonly folder: string }> {
    const folder = await mkdtemp(join(tmpdir(), `serval-${name}-`));
    try {
      const process = await PeerProcess.start({ ...(await prepare(folder)), cwd: folder });
      process.#folder = folder;
      return { process, folder };
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** @throws Error with what the peer has printed, when it does not start */
  static async start(command: PeerCommand): Promise<PeerProcess> {
    const { program, args, cwd, ready, startLimitMs = 60_000, stopSignal = 'SIGTERM' } = command;
    const env = { ...process.env, ...command.env };
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const kill = endWithUs(child);
    let output = '';
    try {
      const match = await new Promise<readonly string[]>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`not ready within ${startLimitMs} ms`)), startLimitMs);
        const settled = (settle: () => void): void => {
          clearTimeout(timer);
          settle();
        };
        child.once('error', (error) => settled(() => reject(error)));
        child.once('close', (code, signal) => settled(() => reject(new Error(`ended with ${signal ?? code}`))));
        if (typeof ready === 'number') untilOpen(ready, startLimitMs).then(() => settled(() => resolve([])), reject);
        for (const stream of [child.stdout, child.stderr]) {
          stream.setEncoding('utf8').on('data', (text: string) => {
            output = (output + text).slice(-KEPT_CHARACTERS);
            const found = typeof ready === 'number' ? null : ready.exec(output);
            if (found !== null) settled(() => resolve(found));
          });
        }
      });
      return new PeerProcess(child, () => output, stopSignal, match);
    } catch (cause) {
      kill();
      throw new Error(`${program} could not be started: ${(cause as Error).message}\n${output}`, { cause });
    }
  }

  /**
   * Runs a program to its end, for a minute at most.
   *
   * @param input what it reads from stdin
   * @throws Error when it cannot be started
   */
  static run({ program, args, cwd }: Pick<PeerCommand, 'program' | 'args' | 'cwd'>, input = ''): Promise<PeerEnd> {
    const child = spawn(program, args, { cwd, stdio: 'pipe', timeout: RUN_LIMIT_MS, killSignal: 'SIGKILL' });
    endWithUs(child);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    // It may have ended without reading it all; its code and output say why.
    child.stdin.on('error', () => undefined).end(input);
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code: number | null) => resolve({ code, stdout, stderr }));
    });
  }

  /** The end of its output. */
  get output(): string {
    return this.printed();
  }

  /** Settles when the process has ended, and its folder is gone. */
  async stop(): Promise<void> {
    await this.#end();
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }

  async #end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    this.child.kill(this.stopSignal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_LIMIT_MS);
    await ended;
    clearTimeout(timer);
  }
}

const RUN_LIMIT_MS = 60_000;

/**
 * Ends a process with ours, however ours ends: a shell waits for the end of a pipe that only we hold. Listeners for the
 * exit of `process` are not enough: under Jest they are never called, and nothing is called when it is killed.
 *
 * @returns what ends it now
 */
function endWithUs(child: ChildProcess): () => void {
  if (child.pid !== undefined) {
    const guard = spawn('sh', ['-c', 'read -r line; kill -KILL "$0"', String(child.pid)], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    // Without a shell there is no guard, and the test ends what it has started all the same.
    guard.on('error', () => undefined).unref();
    guard.stdin.on('error', () => undefined);
    // A pipe of Node's is a socket.
    (guard.stdin as Socket).unref();
    child.once('close', () => guard.kill('SIGKILL'));
  }
  return () => void child.kill('SIGKILL');
}
