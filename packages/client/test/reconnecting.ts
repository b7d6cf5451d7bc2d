import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { DIAGNOSTICS_CHANNEL, type DiagnosticEvent } from '@serval/container';
import { connect, type WebSocketClient, type ReconnectAttempt } from '../src';
import type { Answer } from './literal-server';
import { afterTest, silent } from '../../testing/test/toolbox';

/** Reconnects at once, if the default reconnects at all. */
export const soon = { delay: ({ defaultDelay }: ReconnectAttempt) => (defaultDelay === false ? false : 0) } as const;

export async function open(uri: string, options: object = {}): Promise<WebSocketClient> {
  const all = { logger: silent, sessionCloseTimeout: 200, ioTimeout: 60_000, reconnect: soon, ...options };
  const connection = await connect(uri, all);
  afterTest(async () => {
    await connection.close();
    await connection.closed;
  });
  return connection;
}

export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A text or close frame of a server. */
export const text = (payload: string): Buffer => Buffer.from([0x81, payload.length, ...Buffer.from(payload)]);
export const close = (code: number): Buffer => Buffer.from([0x88, 2, code >> 8, code & 0xff]);

/** Answers the requests one after the other, and repeats the last answer. */
export function inTurn(...answers: readonly Answer[]): Answer {
  let next = 0;
  return (request) => answers[Math.min(next++, answers.length - 1)]?.(request);
}

export function diagnostics(): DiagnosticEvent[] {
  const events: DiagnosticEvent[] = [];
  const listener = (event: unknown): void => void events.push(event as DiagnosticEvent);
  subscribe(DIAGNOSTICS_CHANNEL, listener);
  afterTest(() => unsubscribe(DIAGNOSTICS_CHANNEL, listener));
  return events;
}
