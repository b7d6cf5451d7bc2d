import { setTimeout as sleep } from 'node:timers/promises';
import { IllegalArgumentException, OnMessage, PongMessage, type RemoteEndpoint, Session } from 'serval';
import { ErrorReporter } from './error-reporter';
import { doubleToString, floatToString } from './java-numbers';
import { fails, MISSING, succeeds } from './outcome';

/** Does something with a session's remote endpoint. @returns how it ended */
export type Operation = (session: Session) => string | Promise<string>;

const IDLE_TIMEOUT_MS = 1500;
const PAUSE_MS = 500;

/** Performs the operation that a text names, and answers how it ended. */
export abstract class OperationServer extends ErrorReporter {
  protected abstract readonly operations: Readonly<Record<string, Operation>>;

  @OnMessage
  onPong(pong: PongMessage): string {
    return pong.getApplicationData().toString();
  }

  @OnMessage
  async onText(name: string, session: Session): Promise<string> {
    const operation = this.operations[name.toUpperCase()];
    if (operation === undefined) throw new IllegalArgumentException(`Method ${name} is not implemented`);
    return operation(session);
  }
}

/** The operations on both kinds of remote endpoint, by name. */
export function commonOperations(remoteOf: (session: Session) => Remote): Readonly<Record<string, Operation>> {
  const sending =
    (send: (remote: Remote) => unknown): Operation =>
    (session) =>
      succeeds(() => send(remoteOf(session)));
  const refusing =
    (send: (remote: Remote) => unknown): Operation =>
    (session) =>
      fails(() => send(remoteOf(session)));
  return {
    POKE: () => 'POKE',
    SENDBINARY: sending((remote) => remote.sendBinary(Buffer.from('SENDBINARY'))),
    SENDBINARYTHROWS: refusing((remote) => remote.sendBinary(MISSING)),
    SENDTEXT: sending((remote) => remote.sendText('SENDTEXT')),
    SENDTEXTTHROWS: refusing((remote) => remote.sendText(MISSING)),
    SENDOBJECT_BOOL: sending((remote) => remote.sendObject(false)),
    SENDOBJECT_BYTE: sending((remote) => remote.sendObject(-100)),
    SENDOBJECT_SHORT: sending((remote) => remote.sendObject(-101)),
    SENDOBJECT_INT: sending((remote) => remote.sendObject(-102)),
    SENDOBJECT_LONG: sending((remote) => remote.sendObject(-103n)),
    // Java says -104.0 and -105.0. A number of JavaScript does not know that it is a float.
    SENDOBJECT_FLOAT: sending((remote) => remote.sendObject(floatToString(-104))),
    SENDOBJECT_DOUBLE: sending((remote) => remote.sendObject(doubleToString(-105))),
    SENDOBJECT_CHAR: sending((remote) => remote.sendObject(String.fromCharCode(106))),
    SENDOBJECTTHROWS: refusing((remote) => remote.sendObject(MISSING)),
    BATCHING_ALLOWED: sending(batch),
    SEND_PING: sending((remote) => remote.sendPing(Buffer.from('SEND_PING'))),
    SEND_PING_THROWS: refusing((remote) => remote.sendPing(Buffer.alloc(126, '0123456789'))),
    SEND_PONG: sending((remote) => remote.sendPong(Buffer.from('SEND_PONG'))),
    // A slip of the TCK, which does the same: it sends no pong.
    SEND_PONG_THROWS: refusing((remote) => remote.sendBinary(MISSING)),
    PING_4_TIMES: sending((remote) => fourTimes(() => remote.sendPing(Buffer.from('POKE')))),
    PONG_4_TIMES: sending((remote) => fourTimes(() => remote.sendPong(Buffer.from('POKE')))),
    IDLE: (session) => {
      session.setMaxIdleTimeout(IDLE_TIMEOUT_MS);
      return 'IDLE';
    },
  };
}

type Remote = RemoteEndpoint.Basic | RemoteEndpoint.Async;

async function batch(remote: Remote): Promise<void> {
  const allowed = remote.getBatchingAllowed();
  await remote.setBatchingAllowed(!allowed);
  await remote.sendText('BATCHING_ALLOWED');
  await remote.flushBatch();
  await remote.setBatchingAllowed(allowed);
}

async function fourTimes(send: () => Promise<void>): Promise<void> {
  for (let count = 0; count < 4; count += 1) {
    await send();
    await sleep(PAUSE_MS);
  }
}
