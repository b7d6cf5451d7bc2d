import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { ServerProcess } from './server-process';

/** The work of a server for one unit of a load. Unlike times, neither other programs nor the machine's speed change it. */
export interface WorkCounts {
  /** Instructions of user space: the server's JavaScript, V8, Node.js and the C library; not those of the kernel. */
  readonly instructions: number;
  readonly systemCalls: number;
}

/** Messages or handshakes, one after the other. */
export interface CountedLoad {
  readonly name: string;
  /** So many before the count begins: V8 optimizes what runs often. */
  readonly warmUp: number;
  /** So many are counted. */
  readonly units: number;
  /** How much the instructions may exceed their bound: two runs differ by less than 1 %, unless V8 still compiles in both. */
  readonly tolerance: number;
  /** Opens the connections. @returns a function that makes the server work for so many units */
  open(port: number): Promise<(units: number) => Promise<void>>;
}

/** Under valgrind a program runs up to fifty times as long, and the machine may be busy. */
const LIMIT_MS = 120_000;
/** The engine tries shared reads in its first milliseconds, which are seconds under valgrind. */
const SETTLING_MS = 5000;

export const COUNTED_LOADS: readonly CountedLoad[] = [
  echo('echo, 64 bytes of text', 20_000, 5000, (index) => `message ${String(index).padEnd(56, 'x')}`),
  echo('echo, 1 KiB of text', 10_000, 3000, (index) => `message ${String(index).padEnd(1016, 'x')}`),
  echo('echo, 16 KiB binary', 5000, 1000, (index) => Buffer.alloc(16_384, index)),
  {
    name: 'broadcast to 50 sessions, 64 bytes of text',
    warmUp: 4000,
    units: 200,
    tolerance: 1.06,
    async open(port) {
      const sockets = await Promise.all(Array.from({ length: 50 }, () => connect(port, '/broadcast')));
      return async (units) => {
        for (let index = 0; index < units; index += 1) {
          const received = sockets.map((socket) => once(socket, 'message'));
          sockets[0]?.send(`message ${String(index).padEnd(56, 'x')}`);
          await Promise.all(received);
        }
      };
    },
  },
  {
    name: 'handshake, one message and close',
    // V8 still compiles parts of the upgrade after 4000 handshakes.
    warmUp: 4500,
    // So many that a collection of the whole heap in their time makes little difference.
    units: 1000,
    tolerance: 1.3,
    open: (port) =>
      Promise.resolve(async (units) => {
        for (let index = 0; index < units; index += 1) {
          const socket = await connect(port, '/echo');
          socket.send('hello');
          await once(socket, 'message');
          socket.close();
          await once(socket, 'close');
        }
      }),
  },
];

function echo(name: string, warmUp: number, units: number, payload: (index: number) => string | Buffer): CountedLoad {
  return {
    name,
    warmUp,
    units,
    tolerance: 1.04,
    async open(port) {
      const socket = await connect(port, '/echo');
      return async (count) => {
        for (let index = 0; index < count; index += 1) {
          const sent = payload(index & 63);
          socket.send(sent);
          const [received] = (await once(socket, 'message')) as [Buffer];
          if (!received.equals(typeof sent === 'string' ? Buffer.from(sent) : sent))
            throw new Error(`${name}: the reply is another message`);
        }
      };
    },
  };
}

async function connect(port: number, path: string): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { perMessageDeflate: false });
  await once(socket, 'open');
  return socket;
}

/** @returns the programs that counting needs and this machine lacks */
export function missingCounters(): readonly string[] {
  return ['valgrind', 'callgrind_control', 'strace'].filter((program) => {
    try {
      execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
      return false;
    } catch {
      return true;
    }
  });
}

/**
 * Runs a load twice: on a server under callgrind, and on one that strace watches.
 *
 * @param server the arguments of `node`
 */
export async function countWork(server: readonly string[], load: CountedLoad): Promise<WorkCounts> {
  const folder = mkdtempSync(join(tmpdir(), 'serval-work-'));
  try {
    return {
      instructions: await countInstructions(server, load, join(folder, 'callgrind')),
      systemCalls: await countSystemCalls(server, load, join(folder, 'strace')),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function countInstructions(server: readonly string[], load: CountedLoad, log: string): Promise<number> {
  // One thread, so that compilers and garbage collectors do their part in the same order each time.
  const node = [process.execPath, '--predictable', '--single-threaded', ...server];
  const callgrind = ['--tool=callgrind', '--instr-atstart=no', '--callgrind-out-file=/dev/null', `--log-file=${log}`];
  const counted = await ServerProcess.start(['valgrind', ...callgrind, ...node], LIMIT_MS);
  try {
    await wait(SETTLING_MS);
    const work = await load.open(counted.port);
    await work(load.warmUp);
    control(counted, 'on');
    await work(load.units);
    control(counted, 'off');
  } finally {
    await counted.stop(LIMIT_MS);
  }
  const total = /Collected : (\d+)/.exec(readFileSync(log, 'utf8'))?.[1];
  if (total === undefined) throw new Error(`callgrind has counted nothing: ${readFileSync(log, 'utf8')}`);
  return Math.round(Number(total) / load.units);
}

function control({ pid }: ServerProcess, state: 'on' | 'off'): void {
  execFileSync('callgrind_control', ['-i', state, String(pid)], { stdio: 'ignore', timeout: LIMIT_MS });
}

async function countSystemCalls(server: readonly string[], load: CountedLoad, log: string): Promise<number> {
  const counted = await ServerProcess.start([process.execPath, ...server], LIMIT_MS);
  try {
    await wait(SETTLING_MS / 10);
    const work = await load.open(counted.port);
    await work(load.warmUp);
    // The thread of the event loop alone.
    const strace = spawn('strace', ['-c', '-o', log, '-p', String(counted.pid)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await once(strace.stderr, 'data'); // "attached"
    await work(load.units);
    const over = once(strace, 'exit');
    strace.kill('SIGINT');
    await over;
  } finally {
    await counted.stop(LIMIT_MS);
  }
  const total = /^100\.00\s+\S+\s+(?:\S+\s+)?(\d+)\s+(?:\d+\s+)?total$/m.exec(readFileSync(log, 'utf8'))?.[1];
  if (total === undefined) throw new Error(`strace has counted nothing: ${readFileSync(log, 'utf8')}`);
  return Math.round((Number(total) / load.units) * 10) / 10;
}
