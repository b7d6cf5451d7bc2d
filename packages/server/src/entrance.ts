import {
  IllegalArgumentException,
  IllegalStateException,
  ServerEndpointConfig,
  type EndpointClass,
  type Session,
} from '@serval/api';
import { describeValue, readArgument } from '@serval/api/spi';
import { inOwnScope, toError } from '@serval/container';
import { AdoptedWebSocket, tolerateErrors } from '@serval/protocol';
import { AsyncResource } from 'node:async_hooks';
import { IncomingMessage, type ServerResponse } from 'node:http';
import { adopt, ADOPT_OPTIONS, type AdoptOptions } from './adoption';
import type { DeployedEndpoint, Deployment } from './deployment';
import type { RouteMatch } from './endpoint-router';
import { FramedReply } from './framed-reply';
import { throughProxies } from './forwarded-request';
import { asMap, handedOver, requireIncomingMessage, type RoutedParameters } from './handed-over';
import { parseRequestTarget, type RequestTarget } from './request-target';
import type { UpgradeContext } from './routed-request';
import type { UnansweredRule } from './routed-response';
import { claim } from './shared-server';
import { clientOf } from './pending-handshake';
import { nearestTemplate } from './nearest-template';
import { SockJsEntrance, withOrigins } from './sockjs-entrance';
import { sockJsRoute } from './sockjs-routes';
import type { SockJsSettings } from './sockjs-settings';
import type { IsTrustedProxy } from './trust-proxy';
import { upgrade } from './upgrade';
import type { UpgradeReply } from './upgrade-reply';
import { fromIncomingMessage, type UpgradeRequest } from './upgrade-request';

/** So many deployed paths are named where a request has none of them. */
const MAX_SHOWN = 5;

/** The reason for a 400. */
const NO_PATH = 'The request target is not a path.';

/** The settings that decide which endpoint answers a request. */
export interface EntranceSettings {
  /** The segments of the context path. */
  readonly contextPath: readonly string[];
  readonly routeUpgrades: boolean;
  /** Undefined if no proxy is trusted. */
  readonly trustProxy: IsTrustedProxy | undefined;
}

/** The endpoint that an upgrade request opens. */
interface UpgradeRoute {
  readonly match: RouteMatch<DeployedEndpoint>;
  /** The endpoint's part of the request target. */
  readonly target: RequestTarget;
  /** Undefined at the endpoint's own path. */
  readonly sockJs: { readonly settings: SockJsSettings; readonly isFramed: boolean } | undefined;
}

function framedReply(reply: UpgradeReply, { heartbeatMs, maxBodySize }: SockJsSettings): FramedReply {
  return new FramedReply(reply, { heartbeatMs, maxBodyBytes: maxBodySize });
}

/**
 * The three ways into a container: an upgrade request that a host received, a request that the application routed itself,
 * and a WebSocket that is already open. Each finds its endpoint and continues with `upgrade` or `adopt`.
 */
export class Entrance {
  /** Upgrades run in the async context of the container's creation, not in that of the host's connection. */
  readonly #made = new AsyncResource('SERVAL');
  #sockJs: SockJsEntrance | undefined;

  constructor(
    private readonly context: UpgradeContext,
    private readonly deployment: Deployment,
    private readonly settings: EntranceSettings,
  ) {}

  /** Finds the endpoint for a request target. */
  match(target: string): RouteMatch<DeployedEndpoint> | undefined {
    const parsed = parseRequestTarget(target);
    return parsed && this.#route(parsed)?.match;
  }

  /** Answers an upgrade request. @returns false if no endpoint is deployed at its path; the request stays untouched */
  handleUpgrade(request: UpgradeRequest, reply: UpgradeReply): boolean {
    const target = parseRequestTarget(request.target);
    const route = target && this.#route(target);
    if (target === undefined || route === undefined) return false;
    // Another taker of the socket answers.
    if (!claim(reply.stream)) return true;
    const { match, sockJs } = route;
    const routed = {
      request: this.#throughProxies(request, target),
      reply: sockJs?.isFramed === true ? framedReply(reply, sockJs.settings) : reply,
      client: clientOf(reply.stream),
      target: route.target,
      pathParameters: match.pathParameters,
      endpoint: match.target,
    };
    const context = sockJs === undefined ? this.context : withOrigins(this.context, sockJs.settings);
    this.#run(() => void upgrade(context, routed));
    return true;
  }

  /** Answers a plain request of SockJS. @returns false if it is another one, which stays untouched */
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean {
    if (!this.deployment.speaksSockJs && this.#sockJs === undefined) return false;
    const target = parseRequestTarget(request.url ?? '/');
    if (target === undefined) return false;
    this.#sockJs ??= new SockJsEntrance({
      context: this.context,
      match: (segments) => this.#matchSegments(segments),
      throughProxies: (received, of) => this.#throughProxies(received, of),
      run: (task) => this.#run(task),
    });
    return this.#sockJs.handle(target, request, response);
  }

  #run(task: () => void): void {
    this.#made.runInAsyncScope(() => inOwnScope(task));
  }

  /** The endpoint for an upgrade: at its own path, or at one of the WebSocket transports of SockJS below it. */
  #route(target: RequestTarget): UpgradeRoute | undefined {
    const match = this.#matchSegments(target.segments);
    if (match !== undefined) return { match, target, sockJs: undefined };
    if (!this.deployment.speaksSockJs) return undefined;
    const route = sockJsRoute(target, (segments) => this.#matchSegments(segments));
    if (route?.settings.webSocketEnabled !== true) return undefined;
    const { place, settings } = route;
    const isFramed = place.kind === 'transport' && place.transport === 'websocket';
    if (!isFramed && place.kind !== 'raw websocket') return undefined;
    return { match: route.match, target: route.target, sockJs: { settings, isFramed } };
  }

  nearestTo(target: string): string | undefined {
    const parsed = parseRequestTarget(target);
    return parsed && nearestTemplate(parsed.segments, this.settings.contextPath, this.deployment.templates);
  }

  reportUnmatched(target: string, nearest: string | undefined): void {
    const { diagnostics } = this.context.container;
    const parsed = parseRequestTarget(target);
    if (parsed === undefined) {
      const path = target.replace(/\?.*/s, '');
      diagnostics.report({ kind: 'handshake-refused', path, status: 400, reason: NO_PATH, rule: 'request' });
      return;
    }
    const { path } = parsed;
    const paths = this.deployment.templates.map(({ path }) => path);
    const shown = paths.length > MAX_SHOWN ? `${paths.slice(0, MAX_SHOWN).join(', ')} and more` : paths.join(', ');
    const reason = `No endpoint is deployed there${shown === '' ? '' : `; deployed are ${shown}`}.`;
    diagnostics.report({ kind: 'handshake-refused', path, status: 404, reason, rule: 'path', nearest });
  }

  /** Whether the host's routes receive an upgrade request to a path without an endpoint. */
  routesUpgrade(target: string): boolean {
    if (!this.settings.routeUpgrades) return false;
    const segments = parseRequestTarget(target)?.segments;
    return segments !== undefined && this.#isBelowContextPath(segments);
  }

  reportUnanswered(target: string, rule: UnansweredRule): void {
    this.context.container.diagnostics.report({
      kind: 'handshake-refused',
      path: parseRequestTarget(target)?.path ?? target.replace(/\?.*/s, ''),
      status: 503,
      reason: `No route answered the request ${rule === 'stopped' ? 'before the stop' : 'in time'}.`,
      rule,
    });
  }

  /** Answers an upgrade request that the application routed to an endpoint. */
  upgradeHttp(
    httpRequest: unknown,
    httpResponse: unknown,
    endpoint: EndpointClass | ServerEndpointConfig,
    pathParameters: RoutedParameters,
  ): Promise<void> {
    return this.#reported(httpRequest, this.#upgradeHttp(httpRequest, httpResponse, endpoint, pathParameters));
  }

  async #upgradeHttp(
    httpRequest: unknown,
    httpResponse: unknown,
    endpoint: EndpointClass | ServerEndpointConfig,
    pathParameters: RoutedParameters,
  ): Promise<void> {
    const { request, reply, stream, isPlain } = handedOver(httpRequest, httpResponse);
    if (!(endpoint instanceof ServerEndpointConfig) && typeof endpoint !== 'function') {
      throw new IllegalArgumentException(
        `upgradeHttpToWebSocket takes an endpoint class or a ServerEndpointConfig; found ${describeValue(endpoint)}.`,
      );
    }
    const deployed = this.deployment.endpointOf('upgradeHttpToWebSocket', endpoint);
    if (!isPlain && !claim(stream)) {
      throw new IllegalStateException(
        'upgradeHttpToWebSocket takes a request whose socket is free; an earlier call, an endpoint deployed at its path, or ' +
          'ws has already taken it. Call it once, and only for paths without an endpoint.',
      );
    }
    const target = parseRequestTarget(request.target);
    if (target === undefined) {
      tolerateErrors(stream);
      this.context.container.diagnostics.report({
        kind: 'handshake-refused',
        path: request.target,
        endpoint: deployed.plan.name,
        template: deployed.config.getPath(),
        status: 400,
        reason: NO_PATH,
        rule: 'request',
      });
      reply.refuse(400);
      return;
    }
    const routed = {
      request: this.#throughProxies(request, target),
      reply,
      client: clientOf(stream),
      target,
      pathParameters: asMap(pathParameters),
      endpoint: deployed,
    };
    await inOwnScope(() => upgrade(this.context, routed));
  }

  /** Opens a session on a WebSocket that the application accepted. */
  adopt(
    webSocket: object,
    httpRequest: object,
    endpoint: EndpointClass | ServerEndpointConfig,
    options: AdoptOptions,
  ): Promise<Session | undefined> {
    return this.#reported(httpRequest, this.#adopt(webSocket, httpRequest, endpoint, options));
  }

  // No await, so that it takes the socket within the call; async turns an exception into a rejection.
  async #adopt(
    webSocket: object,
    httpRequest: object,
    endpoint: EndpointClass | ServerEndpointConfig,
    options: AdoptOptions,
  ): Promise<Session | undefined> {
    const { pathParameters, userPrincipal } = readArgument(
      'adoptWebSocket',
      ADOPT_OPTIONS,
      options,
      '{ userPrincipal }',
    );
    const received = fromIncomingMessage(requireIncomingMessage('adoptWebSocket', httpRequest));
    const target = parseRequestTarget(received.target);
    if (target === undefined) {
      throw new IllegalArgumentException(
        `adoptWebSocket takes a request for a path; found the target ${JSON.stringify(received.target)}.`,
      );
    }
    const request = this.#throughProxies(received, target);
    const deployed = this.deployment.endpointOf('adoptWebSocket', endpoint);
    const { diagnostics, settings } = this.context.container;
    const adoption = {
      socket: AdoptedWebSocket.take(webSocket, {
        isSecure: request.isSecure,
        remoteAddress: request.remoteAddress,
        deliveredWhole: () => diagnostics.report({ kind: 'delivered-whole', endpoint: deployed.plan.name }),
        maxFrameBytes: settings.maxFrameSize,
      }),
      request,
      target,
      pathParameters: asMap(pathParameters),
      endpoint: deployed,
      userPrincipal,
    };
    return inOwnScope(() => adopt(this.context, adoption));
  }

  /** Event listeners call these methods without awaiting them, so a rejection is logged and does not end the process. */
  #reported<T>(httpRequest: unknown, going: Promise<T>): Promise<T> {
    going.catch((error: unknown) => {
      const url = httpRequest instanceof IncomingMessage ? httpRequest.url : undefined;
      this.#reportFailure(url ?? '(unknown)', error);
    });
    return going;
  }

  /** If `trustProxy` throws, no proxy is trusted and the request stays unchanged. */
  #throughProxies(request: UpgradeRequest, target: RequestTarget): UpgradeRequest {
    try {
      return throughProxies(request, this.settings.trustProxy);
    } catch (thrown) {
      this.#reportFailure(target.path, thrown);
      return request;
    }
  }

  #reportFailure(path: string, thrown: unknown): void {
    this.context.container.diagnostics.report({ kind: 'handshake-failed', path, error: toError(thrown) });
  }

  #matchSegments(segments: readonly string[]): RouteMatch<DeployedEndpoint> | undefined {
    if (!this.#isBelowContextPath(segments)) return undefined;
    const rest = segments.slice(this.settings.contextPath.length);
    return this.deployment.match(rest.length === 0 ? [''] : rest);
  }

  #isBelowContextPath(segments: readonly string[]): boolean {
    const prefix = this.settings.contextPath;
    return segments.length >= prefix.length && prefix.every((segment, index) => segments[index] === segment);
  }
}
