import {
  HandshakeRejection,
  type HandshakeRequest,
  type SecurityConstraint,
  type ServerEndpointConfig,
} from '@serval/api';
import { badOption, isOptionsObject, readSecurity, SECURITY_CONSTRAINT, type OptionKind } from '@serval/api/spi';
import { refusedBy } from './refusal-rule';
import { parseRequestTarget } from './request-target';
import type { RoutedRequest } from './routed-request';

/** A security constraint for paths, as `web.xml` has them. */
export interface PathConstraint extends SecurityConstraint {
  /**
   * URL patterns below the context path: `/chat` for that path, `/chat/*` for everything at and below it, `*.ws` for paths
   * that end with it, `/` for every path without another pattern. The most specific pattern counts; constraints with the
   * same pattern add their roles.
   */
  readonly paths: readonly string[];
}

/** One pattern, and what all constraints with it say. */
export interface Rule extends SecurityConstraint {
  readonly kind: 'exact' | 'prefix' | 'extension' | 'default';
  /** Percent-decoded, as those of a request; for an extension its text. */
  readonly segments: readonly string[];
}

export const SECURITY_CONSTRAINTS: OptionKind<readonly Rule[]> = {
  expected: 'a list of objects with paths, rolesAllowed and transportGuarantee',
  read(given, name) {
    if (!Array.isArray(given)) throw badOption(name, SECURITY_CONSTRAINTS.expected, given);
    const rules = new Map<string, Rule>();
    for (const [index, one] of (given as readonly unknown[]).entries()) {
      const place = `${name}[${index}]`;
      if (!isOptionsObject(one)) throw badOption(place, 'an object with paths', one);
      const { paths, ...rest } = one;
      if (!Array.isArray(paths) || paths.length === 0)
        throw badOption(`${place}.paths`, 'a list of URL patterns', paths);
      const constraint = SECURITY_CONSTRAINT.read(rest, place);
      for (const path of paths as readonly unknown[]) {
        const { key, ...pattern } = parsePattern(path, `${place}.paths`);
        const before = rules.get(key);
        rules.set(key, { ...pattern, ...(before === undefined ? constraint : combined(before, constraint)) });
      }
    }
    return [...rules.values()];
  },
};

function parsePattern(path: unknown, name: string): Pick<Rule, 'kind' | 'segments'> & { readonly key: string } {
  const expected = 'a list of URL patterns, such as "/chat", "/chat/*", "*.ws" or "/"';
  if (typeof path !== 'string') throw badOption(name, expected, path);
  if (path === '/') return { kind: 'default', segments: [], key: '/' };
  if (/^\*\.[^/*]+$/.test(path)) return { kind: 'extension', segments: [path.slice(1)], key: path };
  const isPrefix = path.endsWith('/*');
  const target = parseRequestTarget(isPrefix ? path.slice(0, -2) || '/' : path);
  if (!path.startsWith('/') || target === undefined || target.query !== null || target.path.includes('*'))
    throw badOption(name, expected, path);
  const segments = isPrefix && path === '/*' ? [] : target.segments;
  const kind = isPrefix ? 'prefix' : 'exact';
  // The canonical path, so that two spellings of a pattern are one.
  return { kind, segments, key: `${kind} ${JSON.stringify(segments)}` };
}

/** Servlet 12.8.1: roles add up, an empty list wins over everything, no list means everybody. */
function combined(one: SecurityConstraint, other: SecurityConstraint): SecurityConstraint {
  const [first, second] = [one.rolesAllowed, other.rolesAllowed];
  const isDenied = first?.length === 0 || second?.length === 0;
  const isFree = first === undefined || second === undefined;
  return {
    rolesAllowed: isDenied ? [] : isFree ? undefined : [...first, ...second],
    // The strictest. The Servlet specification takes the union, with which one forgotten constraint opens a path to ws:.
    transportGuarantee: isConfidential(one) || isConfidential(other) ? 'CONFIDENTIAL' : 'NONE',
  };
}

function isConfidential({ transportGuarantee = 'NONE' }: SecurityConstraint): boolean {
  return transportGuarantee !== 'NONE';
}

/**
 * The rules on users and transports. A handshake must satisfy the constraint of its endpoint's class, that of its configuration,
 * and that of its path. The path is the one that was routed: its decoded segments, never its text.
 */
export class SecurityPolicy {
  readonly #ofEndpoints = new WeakMap<ServerEndpointConfig, readonly SecurityConstraint[]>();

  constructor(
    private readonly rules: readonly Rule[],
    private readonly contextPath: readonly string[],
    /** The `WWW-Authenticate` of a 401; undefined for none. */
    private readonly challenge: string | undefined,
  ) {}

  /** @throws HandshakeRejection when the endpoint is for `wss:` only, and the client uses `ws:` */
  requireTransport(routed: RoutedRequest): void {
    if (routed.request.isSecure || !this.#constraintsOf(routed).some(isConfidential)) return;
    // Differs from Tomcat, which redirects to https: where its connector has a redirectPort. Browsers follow no redirect of
    // a handshake.
    throw refusedBy('security', new HandshakeRejection(403, { body: 'This WebSocket opens over wss: only.\n' }));
  }

  /** @throws HandshakeRejection when the endpoint needs a user, or another one */
  requireRoles(routed: RoutedRequest, request: HandshakeRequest): void {
    for (const { rolesAllowed } of this.#constraintsOf(routed)) {
      if (rolesAllowed === undefined) continue;
      if (rolesAllowed.length > 0 && request.getUserPrincipal() === null) throw this.#unauthorized();
      if (!rolesAllowed.some((role) => role === '**' || request.isUserInRole(role)))
        throw refusedBy('security', new HandshakeRejection(403, { body: 'The user may not open this WebSocket.\n' }));
    }
  }

  #unauthorized(): HandshakeRejection {
    const headers = this.challenge === undefined ? undefined : { 'WWW-Authenticate': this.challenge };
    const rejection = new HandshakeRejection(401, headers && { headers });
    return refusedBy('security', rejection, 'A security constraint asks for a user, and the handshake has none.');
  }

  #constraintsOf({ endpoint: { config }, target }: RoutedRequest): readonly SecurityConstraint[] {
    let own = this.#ofEndpoints.get(config);
    if (own === undefined) {
      const declared = [readSecurity(config.getEndpointClass()), config.getSecurityConstraint()];
      own = declared.filter((one) => one !== undefined);
      this.#ofEndpoints.set(config, own);
    }
    const rule = this.rules.length === 0 ? undefined : this.#ruleFor(target.segments);
    return rule === undefined ? own : [...own, rule];
  }

  /** Servlet 12.1: an exact match, then the longest prefix, then the extension, then the default. */
  #ruleFor(requested: readonly string[]): Rule | undefined {
    const segments = this.#belowContext(requested);
    const matches = (kind: Rule['kind'], accepts: (rule: Rule) => boolean): Rule | undefined =>
      this.rules
        .filter((rule) => rule.kind === kind && accepts(rule))
        .reduce<Rule | undefined>(
          (best, rule) => (best && best.segments.length >= rule.segments.length ? best : rule),
          undefined,
        );
    const begins = (rule: Rule): boolean => rule.segments.every((segment, index) => segments[index] === segment);
    return (
      matches('exact', (rule) => rule.segments.length === segments.length && begins(rule)) ??
      matches('prefix', begins) ??
      matches('extension', (rule) => segments.at(-1)?.endsWith(rule.segments[0] ?? '') === true) ??
      matches('default', () => true)
    );
  }

  #belowContext(segments: readonly string[]): readonly string[] {
    const isBelow = this.contextPath.every((segment, index) => segments[index] === segment);
    // A path that the application routed itself may be elsewhere.
    if (!isBelow) return segments;
    const rest = segments.slice(this.contextPath.length);
    return rest.length === 0 ? [''] : rest;
  }
}
