import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PEERS } from './folders';
import { Unavailable } from './unavailable';

const STAMP = join(PEERS, 'node_modules', '.bench-stamp');

/** `peers/nestjs.ts`, compiled, in a folder where its imports resolve. */
export const NESTJS_SERVER = join(PEERS, 'node_modules', '.bench', 'nestjs.mjs');

/**
 * Installs the packages of `peers/package-lock.json` without running their scripts, and compiles the NestJS server.
 * It skips anything that is up to date.
 * @throws Unavailable when the packages cannot be installed
 */
export async function installPeers(tell: (line: string) => void): Promise<void> {
  const source = readFileSync(join(PEERS, 'nestjs.ts'), 'utf8');
  const wanted = createHash('sha256')
    .update(readFileSync(join(PEERS, 'package-lock.json')))
    .update(source)
    .digest('hex');
  if (readStamp() === wanted) return;
  tell('installing NestJS and Socket.IO');
  const { status, error } = spawnSync(
    'npm',
    ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error'],
    { cwd: PEERS, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  if (status !== 0) {
    const reason = error === undefined ? `npm ci ended with ${status}` : error.message;
    throw new Unavailable(
      `NestJS and Socket.IO could not be installed (${reason}); try --contenders serval,ws,tomcat.`,
    );
  }
  await compileNestServer(source);
  writeFileSync(STAMP, wanted);
}

function readStamp(): string | undefined {
  try {
    return readFileSync(STAMP, 'utf8');
  } catch {
    return undefined;
  }
}

async function compileNestServer(source: string): Promise<void> {
  // Loaded here, because it is slow and seldom needed.
  const { default: ts } = await import('typescript');
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      useDefineForClassFields: false,
    },
  });
  mkdirSync(dirname(NESTJS_SERVER), { recursive: true });
  writeFileSync(NESTJS_SERVER, outputText);
}
