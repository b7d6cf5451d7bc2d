import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { spawn } from 'node:child_process';

/** The repository's root, from the sources and from the compiled files, which are deeper. */
export const ROOT = findRoot();

/** How a program ended, and what it wrote to both of its outputs. */
export interface ToolRun {
  /** The exit code, or undefined when a signal or the time limit ended it. */
  readonly code: number | undefined;
  readonly output: string;
}

export interface ToolOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Default two minutes. */
  readonly timeoutMs?: number | undefined;
}

const MOST_OUTPUT = 1024 * 1024;

/** Runs a program to its end, in its own process group, so that the time limit also ends its children. */
export function runTool(
  command: string,
  args: readonly string[],
  { cwd, env, timeoutMs = 120_000 }: ToolOptions,
): Promise<ToolRun> {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const limit = setTimeout(() => {
    output += `\n${command} took longer than ${timeoutMs / 1000} s and was stopped`;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, timeoutMs);
  let output = '';
  const collect = (chunk: string): void => {
    if (output.length < MOST_OUTPUT) output += chunk;
  };
  child.stdout.setEncoding('utf8').on('data', collect);
  child.stderr.setEncoding('utf8').on('data', collect);
  return new Promise((resolve) => {
    const end = (code: number | null, error = ''): void => {
      clearTimeout(limit);
      resolve({ code: code ?? undefined, output: output + error });
    };
    child.on('error', (error) => end(null, error.message));
    child.on('close', (code) => end(code));
  });
}

function findRoot(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'pnpm-workspace.yaml'))) folder = dirname(folder);
  return folder;
}
