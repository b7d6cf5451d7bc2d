import type { IncomingMessage, ServerResponse } from 'node:http';
import { IllegalArgumentException } from '@serval/api';
import { describeValue } from '@serval/api/spi';
import type { StopPhase } from '@serval/container';

/** The state of a server or a container, for the probes of an orchestrator or a load balancer. */
export interface Health {
  /**
   * `starting`: a `Server` that does not listen yet; `failed`: the deployment failed, and nothing is served; `paused`:
   * `pause` was called; `stopping`: `stop` runs; `stopped`: it has resolved.
   */
  readonly state: 'starting' | 'started' | 'failed' | 'paused' | 'stopping' | 'stopped';
  /** Whether new sessions are accepted. */
  readonly ready: boolean;
  /** Whether the process may go on: true until the server or the container is stopped. */
  readonly live: boolean;
  /** The sessions that are not over. */
  readonly sessions: number;
  /** How far a running stop is; undefined otherwise. */
  readonly phase?: StopPhase | undefined;
}

/** A `Server` or a `ServerContainer`. */
export interface HealthSource {
  readonly health: Health;
}

const PROBES: ReadonlySet<unknown> = new Set(['ready', 'live']);

function isHealth(value: unknown): value is Health {
  return typeof value === 'object' && value !== null && 'ready' in value && 'live' in value;
}

export function healthOf(state: Health['state'], sessions: number, phase?: StopPhase): Health {
  return { state, ready: state === 'started', live: state !== 'stopped', sessions, phase };
}

/**
 * Makes the handler of a health check for node:http, Express and every framework that takes a handler of node:http. It
 * answers 200 or 503, and the {@link Health} as JSON.
 *
 * A probe of readiness fails while the server starts, pauses, stops or could not be deployed, so that a load balancer sends
 * no new clients. A probe of liveness fails only once it is stopped, so that an orchestrator lets it drain.
 *
 * @throws IllegalArgumentException when the source has no `health`, or for another probe
 *
 * @example
 * app.get('/readyz', healthCheck(container));
 * app.get('/livez', healthCheck(container, 'live'));
 */
export function healthCheck(
  source: HealthSource,
  probe: 'ready' | 'live' = 'ready',
): (request: IncomingMessage, response: ServerResponse) => void {
  if (typeof source !== 'object' || !isHealth((source as Partial<HealthSource> | null)?.health))
    throw new IllegalArgumentException(
      `healthCheck takes a Server or a ServerContainer, such as server.container; found ${describeValue(source)}.`,
    );
  if (!PROBES.has(probe))
    throw new IllegalArgumentException(`The probe is 'ready' or 'live'; found ${describeValue(probe)}.`);
  return ({ method }, response) => {
    const { health } = source;
    const body = `${JSON.stringify(health)}\n`;
    response.writeHead(health[probe] ? 200 : 503, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-store',
    });
    response.end(method === 'HEAD' ? undefined : body);
  };
}
