import { DeploymentException, HandshakeException } from '@serval/api';
import {
  openSession,
  SessionCodecs,
  toError,
  type ContainerContext,
  type SessionParts,
  type SessionProperties,
  type WsSession,
} from '@serval/container';
import type { EndpointPlan } from '@serval/plan';
import type { ClientEngine } from '@serval/protocol';
import { endpointFailed, makeInstance, type ClientEndpoint } from './client-endpoint';
import { Deadline } from './deadline';
import type { ClientContainerSettings } from './container-options';
import { credentialsIn, PROXY_CREDENTIALS, SERVER_CREDENTIALS } from './credentials';
import { ConnectionConfig } from './endpoint-config';
import { ATTEMPT_PROPERTY } from './function-endpoint';
import { handshakeSettings } from './handshake-settings';
import { openingHandshake, type HandshakeParts, type OpenedWebSocket } from './opening-handshake';
import { resolveOrigin } from './origin';
import { proxyFor } from './proxy';
import { describeUri, type ServerTarget } from './server-uri';
import type * as SockJsHandshake from './sockjs-handshake';
import { SOCKJS_TRANSPORT_PROPERTY } from './sockjs-options';
import { resolveTls } from './tls-options';

/** The parts of a container that connecting needs. */
export interface ConnectContext {
  readonly container: ContainerContext;
  readonly settings: ClientContainerSettings;
  readonly engineFor: (endpoint: ClientEndpoint) => ClientEngine;
  /** The deadlines of pending connects, for a stop. */
  readonly connecting: Set<Deadline>;
}

/** One attempt of a client that reconnects. */
export interface ConnectWatch {
  /** See {@link ATTEMPT_PROPERTY}. */
  readonly attempt: number;
  /** Aborts the opening handshake. Its reason is a HandshakeException. */
  readonly signal: AbortSignal;
  /** Called right before `@OnOpen`. */
  readonly begun: (session: WsSession) => void;
}

/**
 * Connects an endpoint. The steps are in the order in which they can fail. A failed step leaves nothing behind.
 *
 * @returns the session, once `@OnOpen` has settled
 * @throws DeploymentException (as a rejection)
 */
export async function connectEndpoint(
  context: ConnectContext,
  endpoint: ClientEndpoint,
  { uri, credentials: ofUri }: ServerTarget,
  watch?: ConnectWatch,
): Promise<WsSession> {
  const { container, settings: ofContainer } = context;
  const { plan } = endpoint;
  const config = new ConnectionConfig(endpoint.config);
  const given = config.getUserProperties();
  if (watch !== undefined) given.set(ATTEMPT_PROPERTY, watch.attempt);
  const settings = handshakeSettings(ofContainer, given);
  const credentials = ofUri ?? credentialsIn(given, SERVER_CREDENTIALS) ?? ofContainer.credentials;
  const proxyCredentials = credentialsIn(given, PROXY_CREDENTIALS);
  const origin = resolveOrigin(ofContainer.origin, given);
  let userProperties = sessionProperties(container, plan, config);
  const deadline = new Deadline(settings.handshakeTimeout, () => tookTooLong(uri, settings.handshakeTimeout));
  const giveUp = (): void => deadline.abort(watch?.signal.reason as HandshakeException);
  if (watch?.signal.aborted === true) giveUp();
  watch?.signal.addEventListener('abort', giveUp, { once: true });
  let parts: SessionParts;
  context.connecting.add(deadline);
  try {
    const tls = await deadline.within(resolveTls(config));
    const instance = endpoint.instance ?? makeInstance(plan);
    const codecs = await makeCodecs(plan, config, deadline);
    try {
      const {
        transport,
        subprotocol,
        uri: openedUri,
        name,
      } = await open(ofContainer.sockJs, {
        uri,
        config,
        engine: context.engineFor(endpoint),
        settings,
        credentials,
        sendsCredentials: ofUri !== undefined,
        origin,
        tls,
        proxyFor: (server) => proxyFor(server, ofContainer.proxy, proxyCredentials),
        deadline,
        closeTimeoutMs: container.settings.sessionCloseTimeout,
        maxFrameBytes: container.settings.maxFrameSize,
      });
      if (deadline.error !== undefined) {
        transport.terminate();
        throw deadline.error;
      }
      if (name !== undefined) {
        given.set(SOCKJS_TRANSPORT_PROPERTY, name);
        userProperties = sessionProperties(container, plan, config);
      }
      parts = {
        context: container,
        plan,
        endpoint: instance,
        endpointConfig: config,
        codecs,
        handshake: {
          requestUri: openedUri.href,
          queryString: openedUri.search === '' ? null : openedUri.search.slice(1),
          pathParameters: new Map(),
          subprotocol,
          userPrincipal: null,
        },
        userProperties,
        transport,
      };
    } catch (error) {
      await codecs.destroy();
      throw error;
    }
  } finally {
    context.connecting.delete(deadline);
    watch?.signal.removeEventListener('abort', giveUp);
    deadline.clear();
  }
  const { session, opened } = openSession(parts, watch?.begun);
  const failure = await opened;
  // The owner of a watched attempt must be able to react to the failure.
  const rejects = watch !== undefined || container.settings.openFailure === 'reject';
  if (failure !== undefined && rejects) throw endpointFailed(plan, '@OnOpen', failure);
  return session;
}

/** Opens a WebSocket, or a session of SockJS in its place. */
function open(
  sockJs: ClientContainerSettings['sockJs'],
  parts: HandshakeParts,
): Promise<OpenedWebSocket & { readonly name?: string }> {
  if (sockJs === false) return openingHandshake(parts);
  // Most clients do not use it.
  const { sockJsHandshake } = require('./sockjs-handshake') as typeof SockJsHandshake;
  return sockJsHandshake(parts, sockJs);
}

function sessionProperties(
  context: ContainerContext,
  plan: EndpointPlan,
  config: ConnectionConfig,
): SessionProperties | undefined {
  const seed = config.getUserProperties();
  if (seed.size === 0) return undefined;
  try {
    return context.sessionProperties(seed);
  } catch (thrown) {
    // A Tomcat setting out of range.
    throw new DeploymentException(`${plan.name}: ${toError(thrown).message}`, thrown, 'WS_DEPLOY_BAD_OPTION');
  }
}

async function makeCodecs(plan: EndpointPlan, config: ConnectionConfig, deadline: Deadline): Promise<SessionCodecs> {
  const making = Promise.resolve(SessionCodecs.create(plan.codecs, config));
  try {
    return await deadline.within(making);
  } catch (thrown) {
    // If they arrive later, nothing else destroys them.
    making.then(
      (codecs) => codecs.destroy(),
      () => undefined,
    );
    throw thrown instanceof HandshakeException ? thrown : endpointFailed(plan, 'a codec', thrown);
  }
}

function tookTooLong(uri: URL, milliseconds: number): HandshakeException {
  return new HandshakeException(
    `${describeUri(uri)} was not connected within ${milliseconds} ms (handshakeTimeout).`,
    undefined,
    'WS_CONNECT_TIMEOUT',
  );
}
