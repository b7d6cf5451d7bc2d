import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Deadline } from '@serval/api/spi';
import { shareReads } from './shared-reads';

const HOST = '127.0.0.1';

/** A trial takes a few milliseconds. One that is not over after this time counts as failed. */
const LIMIT_MS = 10_000;

/** The function as it was at the start: a test that replaces it must not stop the trial. */
const nextTurn = setImmediate;

let trial: Promise<boolean> | undefined;
let verdict = false;

/**
 * Finds out once per process whether shared reads work on this Node, on a connection of the process to itself. The first
 * engine calls this. Nothing waits for the trial and it keeps no process alive; connections that open before its end read
 * by 'data' until then.
 *
 * @returns the verdict; never rejects
 */
export function trySharedReads(): Promise<boolean> {
  return (trial ??= mayTry() ? runTrial().then((works) => (verdict = works)) : Promise.resolve(false));
}

/**
 * Bun and Deno have no such members, and Deno would ask its user for the permission to listen. Under Node's permission
 * model, `listen` throws in a later tick, where nothing catches it.
 */
function mayTry(): boolean {
  const { versions, permission } = process as NodeJS.Process & { permission?: { has(scope: string): boolean } };
  if (versions['bun'] !== undefined || versions['deno'] !== undefined) return false;
  if (permission === undefined) return true;
  try {
    return permission.has('net');
  } catch {
    return false;
  }
}

/** Whether the trial is over and shared reads work. */
export function sharedReadsWork(): boolean {
  return verdict;
}

/** Calls the function when the trial ends and shared reads work. */
export function whenSharedReadsWork(use: () => void): void {
  void trial?.then((works) => works && use());
}

/**
 * One trial: upgrades an HTTP connection over 127.0.0.1, as a WebSocket's, and sends it three parts.
 *
 * @param share makes the server's side of the connection share its reads
 * @returns whether all parts arrived by shared reads, and none while the socket was paused; never rejects
 */
export async function runTrial(share: typeof shareReads = shareReads, limitMs: number = LIMIT_MS): Promise<boolean> {
  const over = new AbortController();
  const deadline = new Deadline(limitMs, () => over.abort());
  const sockets: Duplex[] = [];
  let server: Server | undefined;
  try {
    server = createServer().unref();
    const { client, accepted } = await connectPair(server, sockets, over);
    return await readParts(share, client, accepted, over);
  } catch {
    // No port to listen on, no permission, members that throw: reads by 'data' need none of it.
    return false;
  } finally {
    deadline.clear();
    for (const socket of sockets) socket.destroy();
    server?.close();
  }
}

interface Pair {
  readonly client: Socket;
  readonly accepted: Duplex;
}

async function connectPair(server: Server, sockets: Duplex[], over: AbortController): Promise<Pair> {
  const { signal } = over;
  const keep = <S extends Duplex>(socket: S): S => {
    sockets.push(socket);
    return socket.on('error', () => over.abort());
  };
  // Exclusive: in a worker of a cluster the primary would listen otherwise.
  server.listen({ port: 0, host: HOST, exclusive: true });
  await once(server, 'listening', { signal });
  // A server that listens on a port has an AddressInfo.
  const client = keep(connect((server.address() as AddressInfo).port, HOST).unref());
  // No other local process that finds the port can guess the path.
  const path = `/${randomUUID()}`;
  const upgraded = new EventEmitter();
  // Phusion Passenger takes the first http.Server that listens for the application, so this one does not.
  const http = createHttpServer();
  server.on('connection', (socket: Socket) => http.emit('connection', keep(socket)));
  http.on('upgrade', ({ url }, socket) => {
    if (url === path) upgraded.emit('socket', socket);
    else socket.destroy();
  });
  client.write(`GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: trial\r\n\r\n`);
  const [accepted] = (await once(upgraded, 'socket', { signal })) as [Socket];
  accepted.unref();
  return { client, accepted };
}

async function readParts(
  share: typeof shareReads,
  client: Socket,
  accepted: Duplex,
  over: AbortController,
): Promise<boolean> {
  const reads = new EventEmitter();
  const isShared = share(accepted, function (buffer, length) {
    reads.emit('read', this.isPaused() ? 'too early' : buffer.toString('latin1', 0, length));
  });
  if (!isShared) return false;
  // Bytes that come this way would be missing in a shared read.
  accepted.on('data', () => over.abort());
  accepted.resume();
  for (const part of ['one', 'two', 'three']) {
    const read = once(reads, 'read', { signal: over.signal });
    accepted.pause();
    client.write(part);
    nextTurn(() => accepted.resume());
    const [text] = (await read) as [string];
    if (text !== part) return false;
  }
  return true;
}
