import { CloseReason, HandshakeRejection, ServerEndpointConfig, type HandshakeRequest } from 'serval';

/** The data of a session with which the configurator passes the user to the endpoint. */
export interface SignedIn {
  readonly user: string;
}

const SUBPROTOCOL_PREFIX = 'token.';

// A real program verifies a signature or queries a session store. Every method of a Configurator may be async.
const USER_OF_TOKEN = new Map([
  ['ada-secret', 'Ada'],
  ['grace-secret', 'Grace'],
]);

/** Accepts only clients with a known token. */
export class AuthConfigurator extends ServerEndpointConfig.Configurator {
  override modifyHandshake(config: ServerEndpointConfig, request: HandshakeRequest): void {
    const user = USER_OF_TOKEN.get(tokenOf(request) ?? '');
    if (user === undefined) throw refusal(request);
    // This connection's own copy; the session's data starts with it.
    config.getUserProperties().set('user', user);
  }
}

/**
 * A browser can't set headers on a WebSocket. It can offer a subprotocol, which no log keeps, or put the token into the
 * query. Use a short-lived token there.
 */
function tokenOf(request: HandshakeRequest): string | undefined {
  const [offered = ''] = request.getHeaders().get('Sec-WebSocket-Protocol') ?? [];
  const subprotocol = offered.split(',').find((name) => name.trim().startsWith(SUBPROTOCOL_PREFIX));
  return subprotocol?.trim().slice(SUBPROTOCOL_PREFIX.length) ?? request.getParameterMap().get('token')?.[0];
}

/** A page doesn't see a status, only 1006, but it does see a close code. Other clients get plain HTTP. */
function refusal(request: HandshakeRequest): HandshakeRejection {
  const isBrowser = request.getHeaders().has('Origin');
  if (isBrowser) return HandshakeRejection.closeWith(new CloseReason(4401, 'Sign in first.'));
  return new HandshakeRejection(401, { headers: { 'WWW-Authenticate': 'Bearer' }, body: 'Bring a token.\n' });
}
