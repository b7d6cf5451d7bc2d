/** The HTTP and WebSocket transports, by the last segment of their paths. */
export type TransportName =
  'websocket' | 'xhr' | 'xhr_send' | 'xhr_streaming' | 'eventsource' | 'htmlfile' | 'jsonp' | 'jsonp_send';

/** A resource of SockJS below the path of an endpoint. */
export type Place =
  | { readonly kind: 'greeting' | 'info' | 'iframe' | 'raw websocket' }
  | { readonly kind: 'transport'; readonly sessionId: string; readonly transport: TransportName };

/** The method that each transport takes. */
const METHODS = new Map<string, 'GET' | 'POST'>([
  ['websocket', 'GET'],
  ['xhr', 'POST'],
  ['xhr_send', 'POST'],
  ['xhr_streaming', 'POST'],
  ['eventsource', 'GET'],
  ['htmlfile', 'GET'],
  ['jsonp', 'GET'],
  ['jsonp_send', 'POST'],
] satisfies [TransportName, 'GET' | 'POST'][]);

const IFRAME = /^iframe[0-9\-.a-z_]*\.html$/;

/** A client chooses its ID, and the server keeps it as long as the session. */
const MAX_ID_LENGTH = 256;

/** The segments that a place may have below its endpoint's path. */
export const PLACE_LENGTHS = [0, 1, 3] as const;

/**
 * The resource at a path.
 *
 * @param segments those below the endpoint's path, percent-decoded
 * @returns undefined if SockJS has none there
 */
export function placeAt(segments: readonly string[]): Place | undefined {
  const [first = '', sessionId = '', transport = ''] = segments;
  if (segments.length === 0) return { kind: 'greeting' };
  if (segments.length === 1) return topPlace(first);
  if (segments.length !== 3 || !isTransport(transport)) return undefined;
  // The first is for load balancers, and has no meaning here.
  const isValid = [first, sessionId].every((one) => one !== '' && !one.includes('.'));
  return isValid && sessionId.length <= MAX_ID_LENGTH ? { kind: 'transport', sessionId, transport } : undefined;
}

function topPlace(segment: string): Place | undefined {
  if (segment === '') return { kind: 'greeting' };
  if (segment === 'info') return { kind: 'info' };
  if (segment === 'websocket') return { kind: 'raw websocket' };
  return IFRAME.test(segment) ? { kind: 'iframe' } : undefined;
}

function isTransport(name: string): name is TransportName {
  return METHODS.has(name);
}

/** The method that the resource takes, besides OPTIONS. */
export function methodOf(place: Place): 'GET' | 'POST' {
  return place.kind === 'transport' ? (METHODS.get(place.transport) ?? 'GET') : 'GET';
}
