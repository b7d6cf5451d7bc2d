import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

const START_LIMIT_MS = 20_000;
const ANSWER_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 3000;

/**
 * A contender in a separate process. It prints `{"port":…,"pid":…}` when it listens, answers the line `memory` with
 * `{"heapBytes":…}`, one of Node.js the line `turn` with `{"longestTurnMs":…}`, and ends with its stdin, so it does not outlive the benchmark whatever happens to that.
 */
export class ServerProcess {
  private constructor(
    private readonly child: ChildProcessByStdio<Writable, Readable, null>,
    private readonly lines: Interface,
    readonly port: number,
    readonly pid: number,
  ) {}

  /** @throws Error when it does not listen in time, by default within 20 seconds */
  static async start(command: readonly string[], limitMs = START_LIMIT_MS): Promise<ServerProcess> {
    const [program = '', ...args] = command;
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    child.on('error', () => child.kill());
    child.stdin.on('error', () => undefined); // it has ended; what is waited for says so
    const lines = createInterface({ input: child.stdout });
    try {
      const { port, pid } = await nextAnswer(lines, ['port', 'pid'], limitMs);
      return new ServerProcess(child, lines, port, pid);
    } catch (cause) {
      child.kill('SIGKILL');
      throw new Error(`${program} ${args.join(' ')} does not listen`, { cause });
    }
  }

  /** The reachable bytes in the heap, after a garbage collection. */
  async heapBytes(): Promise<number> {
    const answer = nextAnswer(this.lines, ['heapBytes'], ANSWER_LIMIT_MS);
    this.child.stdin.write('memory\n');
    return (await answer).heapBytes;
  }

  /** Starts to watch the turns of the event loop, once it has handled the data that arrived. */
  async watchTurns(): Promise<void> {
    // Its answer comes in a later turn.
    await this.heapBytes();
    this.child.stdin.write('watch\n');
    await this.longestTurn();
  }

  /** The longest since the last call, in milliseconds. */
  async longestTurn(): Promise<number> {
    const answer = nextAnswer(this.lines, ['longestTurnMs'], ANSWER_LIMIT_MS);
    this.child.stdin.write('turn\n');
    return (await answer).longestTurnMs;
  }

  residentBytes(): number {
    return this.status('VmRSS');
  }

  /** The peak of resident memory since `forgetPeak`. */
  peakResidentBytes(): number {
    return this.status('VmHWM');
  }

  forgetPeak(): void {
    // proc(5): 5 sets the peak to the memory that is resident now.
    writeFileSync(`/proc/${this.pid}/clear_refs`, '5');
  }

  /** Settles when the process has ended; it is killed if it takes longer than 3 seconds, or the time given. */
  async stop(limitMs = STOP_LIMIT_MS): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.stdin.end();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), limitMs);
    await ended;
    clearTimeout(timer);
  }

  private status(name: string): number {
    const text = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? Number.NaN) * 1024;
  }
}

/** The next line: JSON with these numbers. */
function nextAnswer<Key extends string>(
  lines: Interface,
  keys: readonly Key[],
  limitMs: number,
): Promise<Record<Key, number>> {
  return new Promise((resolve, reject) => {
    const onLine = (line: string) => settle(() => resolve(readNumbers(line, keys)));
    const onClose = () => settle(() => reject(new Error('it has ended')));
    const timer = setTimeout(() => settle(() => reject(new Error(`no answer in ${limitMs} ms`))), limitMs);
    const settle = (how: () => void) => {
      clearTimeout(timer);
      lines.off('line', onLine).off('close', onClose);
      try {
        how();
      } catch (cause) {
        reject(new Error('not the line that was expected', { cause }));
      }
    };
    lines.once('line', onLine).once('close', onClose);
  });
}

function readNumbers<Key extends string>(line: string, keys: readonly Key[]): Record<Key, number> {
  const parsed: unknown = JSON.parse(line);
  const entries = keys.map((key) => {
    const value: unknown = typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, key) : undefined;
    if (typeof value !== 'number') throw new Error(`no ${key} in ${line}`);
    return [key, value] as const;
  });
  return Object.fromEntries(entries) as Record<Key, number>; // one entry for each key
}
