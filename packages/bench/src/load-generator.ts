import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Dialect } from './dialect';
import { BUILD, PACKAGE } from './folders';
import { Unavailable } from './unavailable';

const SOURCE = join(PACKAGE, 'native', 'load.c');
const COMPILERS = ['cc', 'gcc', 'clang'];

/** The generator's task and target. */
export interface Load {
  readonly mode: 'echo' | 'broadcast' | 'hold' | 'upload';
  readonly port: number;
  /** Of the server. */
  readonly pid: number;
  readonly dialect: Dialect;
  readonly socketio: boolean;
  readonly connections: number;
  readonly inFlight: number;
  readonly bytes: number;
  readonly binary: boolean;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Files of compressed messages and of their answers, for permessage-deflate. */
  readonly compressed: { readonly messages: string; readonly answers: string } | undefined;
}

/** The generator's results. */
export interface LoadReport {
  readonly messages: number;
  readonly seconds: number;
  readonly serverCpuSeconds: number;
  readonly errors: number;
  readonly firstError: string;
}

/** `native/load.c`, compiled. */
export class LoadGenerator {
  private constructor(private readonly program: string) {}

  /**
   * Compiles the generator unless it is up to date.
   * @throws Unavailable if there is no compiler, or if the machine is not Linux
   */
  static compile(folder: string = BUILD): LoadGenerator {
    if (process.platform !== 'linux') throw new Unavailable('The load generator needs Linux (epoll and /proc).');
    const program = join(folder, 'load');
    if (isNewer(program, SOURCE)) return new LoadGenerator(program);
    const compiler = LoadGenerator.findCompiler();
    if (compiler === undefined) {
      throw new Unavailable(
        'The load generator needs a C compiler: apt-get install gcc libc6-dev, or any cc on the path.',
      );
    }
    mkdirSync(folder, { recursive: true });
    const { status, stderr } = spawnSync(compiler, ['-O2', '-o', program, SOURCE], { encoding: 'utf8' });
    if (status !== 0) throw new Unavailable(`${compiler} could not compile the load generator: ${stderr}`);
    return new LoadGenerator(program);
  }

  /** The first compiler on the path; undefined if there is none. */
  static findCompiler(): string | undefined {
    return COMPILERS.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);
  }

  /** Runs a load to its end. @throws Error when an answer was wrong, missing or too late */
  async run(load: Load): Promise<LoadReport> {
    const child = this.start(load);
    const [line] = await linesOf(child);
    if (line === undefined) throw new Error('the load generator has said nothing');
    const report = JSON.parse(line) as LoadReport; // its own format, written by native/load.c
    if (report.errors > 0) throw new Error(`${report.errors} errors, the first: ${report.firstError}`);
    return report;
  }

  /** Opens connections, echoes one message on each, and holds them while `work` runs. */
  async hold<Result>(load: Load, work: () => Promise<Result>): Promise<Result> {
    const child = this.start({ ...load, mode: 'hold' });
    const ended = linesOf(child);
    try {
      const opened = await Promise.race([firstLine(child), ended.then(([line = '']) => line)]);
      if (!opened.startsWith('{"open"')) throw new Error(`the connections could not be held: ${opened}`);
      return await work();
    } finally {
      child.stdin?.end();
      await ended;
    }
  }

  private start(load: Load): ChildProcess {
    return spawn(this.program, [load.mode, ...argumentsOf(load)], { stdio: ['pipe', 'pipe', 'inherit'] });
  }
}

function argumentsOf(load: Load): string[] {
  const { path, before, after, announce } = load.dialect;
  const values: Record<string, string | number | undefined> = {
    '--port': load.port,
    '--pid': load.pid,
    '--path': path,
    '--connections': load.connections,
    '--in-flight': load.inFlight,
    '--size': load.bytes,
    '--warm-up': load.warmUpSeconds,
    '--seconds': load.seconds,
    '--before': before,
    '--after': after,
    '--announce': announce,
    '--messages': load.compressed?.messages,
    '--answers': load.compressed?.answers,
  };
  return [
    ...Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)])),
    ...(load.binary ? ['--binary'] : []),
    ...(load.socketio ? ['--socketio'] : []),
  ];
}

function isNewer(file: string, than: string): boolean {
  const made = statSync(file, { throwIfNoEntry: false });
  return made !== undefined && made.mtimeMs >= statSync(than).mtimeMs;
}

/** Settles when the process has ended. */
function linesOf(child: ChildProcess): Promise<string[]> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.on('error', reject);
    child.on('close', () => resolve(output.split('\n').filter((line) => line !== '')));
  });
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    if (child.stdout !== null) createInterface({ input: child.stdout }).once('line', resolve);
  });
}
