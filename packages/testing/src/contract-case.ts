import type { Transport } from '@serval/api/spi';
import { RecordingListener, type RecordedEvent } from './recording-listener';

/** The other end of the transport under test. */
export interface ContractPeer {
  sendText(text: string, last: boolean): void;
  sendBinary(data: Uint8Array, last: boolean): void;
  ping(data: Uint8Array): void;
  pong(data: Uint8Array): void;
  close(code: number | undefined, reason: string): void;
  /** Ends the connection without a close frame. */
  drop(): void;
  /** Stops and starts reading. */
  pause(): void;
  resume(): void;
  /** The messages that the peer received, each whole. */
  readonly received: RecordingListener;
}

/** Opens a connection: a transport without a listener, and its peer. */
export type OpenConnection = () => Promise<{ readonly transport: Transport; readonly peer: ContractPeer }>;

/**
 * Something that a transport may lack: binary messages, a peer that sends fragments, pings or close frames, or a peer that
 * receives the code of a close.
 */
export type Capability = 'binary' | 'fragments' | 'pings' | 'close frames' | 'close codes';

/** One rule that every {@link Transport} follows. */
export interface ContractCase {
  readonly title: string;
  /** The rule is only for transports that have all of these. Default: for every transport. */
  readonly needs?: readonly Capability[] | undefined;
  run(open: OpenConnection): Promise<void>;
}

export const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** Opens a connection and reads from it. */
export async function start(
  open: OpenConnection,
  listener = new RecordingListener(),
): Promise<{
  transport: Transport;
  peer: ContractPeer;
  listener: RecordingListener;
}> {
  const { transport, peer } = await open();
  transport.open(listener);
  transport.resume();
  return { transport, peer, listener };
}

export const text = (value: string): RecordedEvent => ({ kind: 'text', text: value, last: true });

/** Waits until everything under way in this process, sockets included, has arrived. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
