/** The work of a server in one cell of the benchmark. */
export type Workload =
  | {
      readonly kind: 'echo';
      readonly connections: number;
      readonly inFlight: number;
      readonly bytes: number;
      readonly format: 'text' | 'binary' | 'deflate';
    }
  | { readonly kind: 'broadcast'; readonly connections: number; readonly senders: number; readonly bytes: number }
  | { readonly kind: 'idle'; readonly connections: number }
  | { readonly kind: 'upload'; readonly bytes: number }
  | { readonly kind: 'drain'; readonly connections: number; readonly messages: number };

/** One figure of a row. Compare by the first one of a row. Less is better, except for rates. */
export interface Metric {
  readonly key: string;
  /** With its unit: `CPU µs per message`. */
  readonly title: string;
}

/** One line of the benchmark. */
export interface Row {
  /** The row's name for `--rows`. */
  readonly id: string;
  readonly title: string;
  readonly workload: Workload;
  readonly metrics: readonly Metric[];
}

export const CPU = 'cpuMicros';
export const RATE = 'perSecond';
export const HEAP = 'heapKib';
export const RESIDENT = 'residentKib';
export const GROWTH = 'growthMib';
export const TURN = 'longestTurnMs';
export const DRAINED = 'drainedMs';

const PER_MESSAGE: readonly Metric[] = [
  { key: CPU, title: 'CPU µs per message' },
  { key: RATE, title: 'messages per second' },
];
const PER_DELIVERY: readonly Metric[] = [
  { key: CPU, title: 'CPU µs per delivery' },
  { key: RATE, title: 'deliveries per second' },
];
const PER_SESSION: readonly Metric[] = [
  { key: HEAP, title: 'heap KiB per session' },
  { key: RESIDENT, title: 'resident KiB per session' },
];

export const ROWS: readonly Row[] = [
  {
    id: 'echo-64',
    title: 'echo, 64 B text, 1 in flight',
    workload: { kind: 'echo', connections: 50, inFlight: 1, bytes: 64, format: 'text' },
    metrics: PER_MESSAGE,
  },
  {
    id: 'echo-64-pipelined',
    title: 'echo, 64 B text, 16 in flight',
    workload: { kind: 'echo', connections: 20, inFlight: 16, bytes: 64, format: 'text' },
    metrics: PER_MESSAGE,
  },
  {
    id: 'echo-1k',
    title: 'echo, 1 KiB text, 1 in flight',
    workload: { kind: 'echo', connections: 50, inFlight: 1, bytes: 1024, format: 'text' },
    metrics: PER_MESSAGE,
  },
  {
    id: 'echo-16k-binary',
    title: 'echo, 16 KiB binary, 1 in flight',
    workload: { kind: 'echo', connections: 50, inFlight: 1, bytes: 16_384, format: 'binary' },
    metrics: PER_MESSAGE,
  },
  {
    id: 'echo-1k-deflate',
    title: 'echo, 1 KiB JSON, permessage-deflate, 1 in flight',
    workload: { kind: 'echo', connections: 50, inFlight: 1, bytes: 1024, format: 'deflate' },
    metrics: PER_MESSAGE,
  },
  {
    id: 'broadcast',
    title: 'broadcast, 128 B to 1,000 sessions, 1 in flight',
    workload: { kind: 'broadcast', connections: 1000, senders: 1, bytes: 128 },
    metrics: PER_DELIVERY,
  },
  {
    id: 'broadcast-8',
    title: 'broadcast, 128 B to 1,000 sessions, 8 in flight',
    workload: { kind: 'broadcast', connections: 1000, senders: 8, bytes: 128 },
    metrics: PER_DELIVERY,
  },
  {
    id: 'idle',
    title: '2,000 idle sessions',
    workload: { kind: 'idle', connections: 2000 },
    metrics: PER_SESSION,
  },
  {
    id: 'idle-15k',
    title: '15,000 idle sessions',
    // With few sessions the young generation that the handshakes have filled weighs more than the sessions.
    workload: { kind: 'idle', connections: 15_000 },
    metrics: PER_SESSION,
  },
  {
    id: 'upload',
    title: 'a message of 300 MB, received in parts',
    workload: { kind: 'upload', bytes: 300_000_000 },
    metrics: [{ key: GROWTH, title: 'resident MiB more than before' }],
  },
  {
    id: 'drain',
    title: '50 slow peers read again, 9,900 texts each',
    workload: { kind: 'drain', connections: 50, messages: 9900 },
    metrics: [
      { key: TURN, title: 'ms, longest turn of the event loop' },
      { key: DRAINED, title: 'ms until all was read' },
    ],
  },
];
