import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DialectName } from './dialect';
import { PACKAGE, PEERS, ROOT } from './folders';
import { installPeers, NESTJS_SERVER } from './peers';
import type { ContenderId } from './results';
import type { Workload } from './rows';
import { compileTomcat } from './tomcat';
import { Unavailable } from './unavailable';

/** A measured server. */
export interface Contender {
  readonly id: ContenderId;
  readonly name: string;
  readonly version: string;
  readonly dialect: DialectName;
  /** Starts the server: a program and its arguments. */
  readonly command: (workload: Workload) => readonly string[];
  /** Whether a workload makes sense for it. */
  readonly takes: (workload: Workload) => boolean;
  /**
   * Seconds of load before its first measurement in a row, for a server that compiles for longer than a warm-up.
   * It then keeps running for all rounds of the row; every other server is a fresh process in each round.
   */
  readonly settlingSeconds: number;
}

/** Prepares the contenders. It skips one that this machine cannot run, and passes the reason to `tell`. */
export async function prepareContenders(
  ids: readonly ContenderId[],
  tell: (line: string) => void,
): Promise<readonly Contender[]> {
  if (ids.includes('nestjs') || ids.includes('socketio')) await installPeers(tell);
  return ids.flatMap((id) => {
    try {
      return [PREPARE[id]()];
    } catch (cause) {
      if (!(cause instanceof Unavailable)) throw cause;
      tell(`without ${id}: ${cause.message}`);
      return [];
    }
  });
}

const PREPARE: Readonly<Record<ContenderId, () => Contender>> = {
  serval: () => ({
    id: 'serval',
    name: 'Serval',
    version: versionOf(join(ROOT, 'packages', 'serval')),
    dialect: 'plain',
    command: nodeCommand(join(PACKAGE, 'dist', 'servers', 'serval.js')),
    takes: () => true,
    settlingSeconds: 0,
  }),
  ws: () => ({
    id: 'ws',
    name: 'ws',
    version: versionOf(join(PACKAGE, 'node_modules', 'ws')),
    dialect: 'plain',
    command: nodeCommand(join(PACKAGE, 'dist', 'servers', 'ws.js')),
    takes: ({ kind }) => kind !== 'upload', // it has no partial messages
    settlingSeconds: 0,
  }),
  nestjs: () => ({
    id: 'nestjs',
    name: 'NestJS',
    version: `${peerVersion('@nestjs/core')} (ws ${peerVersion('ws')})`,
    dialect: 'nestjs',
    command: nodeCommand(NESTJS_SERVER),
    // Its messages are JSON, so none is binary; its compression is that of ws.
    takes: (workload) =>
      workload.kind !== 'upload' &&
      workload.kind !== 'drain' &&
      (workload.kind !== 'echo' || workload.format === 'text'),
    settlingSeconds: 0,
  }),
  socketio: () => ({
    id: 'socketio',
    name: 'Socket.IO',
    version: `${peerVersion('socket.io')} (ws ${peerVersion('engine.io/node_modules/ws')})`,
    dialect: 'socketio',
    command: nodeCommand(join(PEERS, 'socketio.mjs')),
    takes: (workload) =>
      workload.kind !== 'upload' &&
      workload.kind !== 'drain' &&
      (workload.kind !== 'echo' || workload.format !== 'deflate'),
    settlingSeconds: 0,
  }),
  tomcat: () => {
    const { version, command } = compileTomcat();
    return {
      id: 'tomcat',
      name: 'Tomcat',
      version,
      dialect: 'plain',
      command: () => command,
      takes: (workload) =>
        workload.kind !== 'upload' &&
        workload.kind !== 'drain' &&
        (workload.kind !== 'idle' || workload.connections <= TOMCAT_CONNECTIONS),
      settlingSeconds: 4,
    };
  },
};

/** Tomcat's default maxConnections; it accepts no more. */
const TOMCAT_CONNECTIONS = 8192;

function nodeCommand(server: string): (workload: Workload) => readonly string[] {
  const control = join(PACKAGE, 'dist', 'servers', 'control.js');
  return (workload) => [
    process.execPath,
    '--expose-gc',
    '--require',
    control,
    server,
    ...(workload.kind === 'echo' && workload.format === 'deflate' ? ['--deflate'] : []),
  ];
}

function peerVersion(name: string): string {
  return versionOf(join(PEERS, 'node_modules', name));
}

function versionOf(folder: string): string {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  return version;
}
