import type { Authenticate, HandshakeRejection, HandshakeRequest, Principal } from '@serval/api';
import type { ReadRateLimit } from '@serval/api/spi';
import type { ContainerContext, RefusalRule } from '@serval/container';
import type { Engine } from '@serval/protocol';
import type { HandshakePolicy } from './default-configurator';
import type { ConnectionLimits } from './connection-limits';
import type { DeployedEndpoint } from './deployment';
import type { HandshakeMiddleware } from './handshake-middleware';
import type { IsAllowedHost } from './host-policy';
import type { InstanceFactory } from './instance-factory';
import type { PendingHandshakes, WaitingClient } from './pending-handshake';
import type { RequestTarget } from './request-target';
import type { SessionUsers } from './session-users';
import type { HandshakeReply } from './upgrade-reply';
import type { UpgradeRequest } from './upgrade-request';

/** The parts of a container that an upgrade needs. */
export interface UpgradeContext extends PendingHandshakes {
  readonly container: ContainerContext;
  readonly engine: Engine;
  readonly policy: HandshakePolicy;
  /** Set if it destroys the instances that it creates. */
  readonly instanceFactory: InstanceFactory | undefined;
  /** Undefined if every host is allowed. */
  readonly isAllowedHost: IsAllowedHost | undefined;
  /** Connect middleware for upgrade requests, in order. */
  readonly middleware: readonly HandshakeMiddleware[];
  readonly authenticate: Authenticate | undefined;
  readonly security: {
    /** @throws HandshakeRejection when the endpoint is for `wss:` only, and the client uses `ws:` */
    requireTransport(routed: RoutedRequest): void;
    /** @throws HandshakeRejection when the endpoint needs a user, or another one */
    requireRoles(routed: RoutedRequest, request: HandshakeRequest): void;
  };
  readonly users: SessionUsers;
  readonly limits: ConnectionLimits;
  /** Of messages; most containers have none. */
  readonly rateLimits: readonly ReadRateLimit[];
  readonly isUserInRole: (principal: Principal, role: string) => boolean;
  /** Called when a handshake is accepted. */
  readonly accepted: () => void;
  /** Whether the container was stopped. */
  readonly isStopped: () => boolean;
  /** The refusal of new sessions while the container is paused or stopping, else undefined. */
  readonly unavailable: () => HandshakeRejection | undefined;
}

/** A request, and the endpoint at its path. */
export interface RoutedRequest {
  readonly request: UpgradeRequest;
  readonly target: RequestTarget;
  readonly pathParameters: ReadonlyMap<string, string>;
  readonly endpoint: DeployedEndpoint;
  /** Undefined unless somebody traces handshakes. */
  readonly traced?: HandshakeProgress | undefined;
}

/** A handshake, for those who trace it: how it ends. */
export interface HandshakeProgress {
  accepted(status: number): void;
  refused(status: number, rule: RefusalRule): void;
  failed(error: Error): void;
}

/** An upgrade request, and the endpoint at its path. */
export interface RoutedUpgrade extends RoutedRequest {
  readonly reply: HandshakeReply;
  readonly client: HandshakeClient;
}

/** The client of an upgrade request. */
export interface HandshakeClient extends WaitingClient {
  /** Ends its connection, because it cannot be answered. */
  readonly drop: () => void;
}

/** The path of a request and its endpoint, as events of the diagnostics have them. */
export function placeOf({ target: { path }, endpoint: { plan, config } }: RoutedRequest): {
  readonly path: string;
  readonly endpoint: string;
  readonly template: string;
} {
  return { path, endpoint: plan.name, template: config.getPath() };
}

/** The host that the client requested, with a port unless it is the default one. */
export function hostOf({ headers, forwardedHost }: UpgradeRequest): string {
  return forwardedHost ?? headers.get('Host')?.[0] ?? '';
}

export function requestUri({ request, target }: RoutedRequest): string {
  const query = target.query === null ? '' : `?${target.query}`;
  const uri = `${request.isSecure ? 'wss' : 'ws'}://${hostOf(request)}${target.path}${query}`;
  // One flat string, because a session keeps it and V8 would keep all of its pieces.
  return Buffer.from(uri, 'latin1').toString('latin1');
}
