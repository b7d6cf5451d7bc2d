import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answersAreRight, formatCompressed, jsonMessages } from './compressed-messages';
import type { Contender } from './contenders';
import { dialectOf } from './dialect';
import type { Load, LoadGenerator } from './load-generator';
import { SlowPeers } from './slow-peers';
import type { Sample } from './results';
import { CPU, DRAINED, GROWTH, HEAP, RATE, RESIDENT, TURN, type Row, type Workload } from './rows';
import type { ServerProcess } from './server-process';

const IDLE_ECHO_BYTES = 64;
/** The code of a first session must not count as its memory. */
const SESSIONS_BEFORE_IDLE = 50;
/** The heap grows to its working size before the large message, not with it. */
const BYTES_BEFORE_UPLOAD = 16_000_000;

/** The tools that measure a cell. */
export interface Timing {
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** Measures one row of one contender, once. @throws Error when an answer was wrong */
export async function measureCell(
  generator: LoadGenerator,
  row: Row,
  contender: Contender,
  server: ServerProcess,
  timing: Timing,
): Promise<Sample> {
  const { workload } = row;
  // The load generator reads all it can, so it is not a slow peer.
  if (workload.kind === 'drain') return measureDrain(workload.connections, workload.messages, server);
  const load = loadOf(workload, contender, server, timing);
  switch (workload.kind) {
    case 'echo':
      return workload.format === 'deflate'
        ? measureCompressed(generator, load, workload.bytes)
        : perMessage(await generator.run(load));
    case 'broadcast':
      return perMessage(await generator.run(load));
    case 'idle':
      return measureIdle(generator, load, server);
    case 'upload':
      return measureUpload(generator, load, server);
  }
}

function loadOf(
  workload: Exclude<Workload, { readonly kind: 'drain' }>,
  contender: Contender,
  server: ServerProcess,
  timing: Timing,
): Load {
  const common = {
    port: server.port,
    pid: server.pid,
    dialect: dialectOf(contender.dialect, workload),
    socketio: contender.dialect === 'socketio',
    connections: 1,
    inFlight: 1,
    binary: false,
    compressed: undefined,
    ...timing,
  };
  switch (workload.kind) {
    case 'echo': {
      const { connections, inFlight, bytes, format } = workload;
      return { ...common, mode: 'echo', connections, inFlight, bytes, binary: format === 'binary' };
    }
    case 'broadcast': {
      const { connections, senders, bytes } = workload;
      return { ...common, mode: 'broadcast', connections, inFlight: senders, bytes };
    }
    case 'idle':
      return { ...common, mode: 'hold', connections: workload.connections, bytes: IDLE_ECHO_BYTES };
    case 'upload':
      return { ...common, mode: 'upload', bytes: workload.bytes, binary: true };
  }
}

function perMessage({
  messages,
  seconds,
  serverCpuSeconds,
}: {
  readonly messages: number;
  readonly seconds: number;
  readonly serverCpuSeconds: number;
}): Sample {
  if (messages === 0) throw new Error('no message was answered');
  return { [CPU]: (serverCpuSeconds * 1e6) / messages, [RATE]: messages / seconds };
}

async function measureCompressed(generator: LoadGenerator, load: Load, bytes: number): Promise<Sample> {
  const folder = mkdtempSync(join(tmpdir(), 'serval-bench-'));
  const files = { messages: join(folder, 'messages'), answers: join(folder, 'answers') };
  try {
    const messages = jsonMessages(bytes);
    writeFileSync(files.messages, formatCompressed(messages));
    const report = await generator.run({ ...load, compressed: files });
    if (!answersAreRight(readFileSync(files.answers), messages)) throw new Error('an inflated answer is wrong');
    return perMessage(report);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureIdle(generator: LoadGenerator, load: Load, server: ServerProcess): Promise<Sample> {
  await generator.hold({ ...load, connections: SESSIONS_BEFORE_IDLE }, () => server.heapBytes());
  const heapBefore = await server.heapBytes();
  const residentBefore = server.residentBytes();
  return generator.hold(load, async () => {
    const heap = (await server.heapBytes()) - heapBefore;
    const resident = server.residentBytes() - residentBefore;
    return { [HEAP]: heap / load.connections / 1024, [RESIDENT]: resident / load.connections / 1024 };
  });
}

async function measureUpload(generator: LoadGenerator, load: Load, server: ServerProcess): Promise<Sample> {
  await generator.run({ ...load, bytes: BYTES_BEFORE_UPLOAD });
  await server.heapBytes(); // collects the garbage
  const before = server.residentBytes();
  server.forgetPeak();
  await generator.run(load);
  return { [GROWTH]: (server.peakResidentBytes() - before) / 2 ** 20 };
}

async function measureDrain(connections: number, messages: number, server: ServerProcess): Promise<Sample> {
  const peers = await SlowPeers.connect(server.port, connections);
  try {
    await peers.haveSent(messages);
    await server.watchTurns();
    const began = performance.now();
    await peers.readAll();
    return { [DRAINED]: performance.now() - began, [TURN]: await server.longestTurn() };
  } finally {
    peers.destroy();
  }
}
