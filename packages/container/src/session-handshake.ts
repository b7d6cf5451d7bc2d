import type { Principal } from '@serval/api';

/** The opening handshake as a session keeps it. */
export interface SessionHandshake {
  /** Absolute, `ws:` or `wss:`, with the query. */
  readonly requestUri: string;
  /** Without the question mark; `null` when there is none. */
  readonly queryString: string | null;
  readonly pathParameters: ReadonlyMap<string, string>;
  /** The empty string for none. */
  readonly subprotocol: string;
  readonly userPrincipal: Principal | null;
}

/**
 * The request parameters: those of the query, each name with its values in order, then the path parameters, which hide
 * query parameters of the same name as they do in Tomcat.
 */
export function requestParameters(
  queryString: string | null,
  pathParameters: ReadonlyMap<string, string>,
): ReadonlyMap<string, readonly string[]> {
  const parameters = new Map<string, string[]>();
  if (queryString !== null) {
    for (const [name, value] of new URLSearchParams(queryString)) {
      const values = parameters.get(name);
      if (values === undefined) parameters.set(name, [value]);
      else values.push(value);
    }
  }
  for (const [name, value] of pathParameters) parameters.set(name, [value]);
  return parameters;
}
