import type { Workload } from './rows';

/** How a contender wraps messages. */
export type DialectName = 'plain' | 'nestjs' | 'socketio';

/** A message on the wire, in the terms of the load generator. */
export interface Dialect {
  /** The target of the upgrade request. */
  readonly path: string;
  readonly before: string;
  readonly after: string;
  /** The text message before each binary one. */
  readonly announce: string | undefined;
}

/** Engine.IO 4 tells packets by their first digit; in Socket.IO 5, 42 is an event and 451- one with a binary attachment. */
export function dialectOf(name: DialectName, workload: Workload): Dialect {
  const event = workload.kind === 'broadcast' ? 'broadcast' : 'echo';
  const binary = workload.kind === 'echo' && workload.format === 'binary';
  switch (name) {
    case 'plain': {
      const path = workload.kind === 'upload' ? 'upload' : event;
      return { path: `/${path}`, before: '', after: '', announce: undefined };
    }
    case 'nestjs':
      return { path: '/', before: `{"event":"${event}","data":"`, after: '"}', announce: undefined };
    case 'socketio': {
      const path = '/socket.io/?EIO=4&transport=websocket';
      if (!binary) return { path, before: `42["${event}","`, after: '"]', announce: undefined };
      return { path, before: '', after: '', announce: `451-["${event}",{"_placeholder":true,"num":0}]` };
    }
  }
}
