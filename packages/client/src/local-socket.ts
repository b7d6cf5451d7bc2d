// URIs of Unix domain sockets, in the form that ws uses: ws+unix:///run/chat.sock:/path?query

/** The Host header of requests to a Unix domain socket, as curl and ws send it. */
export const LOCAL_HOST = 'localhost';

export function isLocalSocket({ protocol }: URL): boolean {
  return protocol === 'ws+unix:';
}

/** The path of the socket. */
export function socketPathOf(uri: URL): string {
  return decodeURIComponent(split(uri).socket);
}

/** The path of the request, without a query. */
export function localTarget(uri: URL): string {
  return split(uri).path;
}

/** @param target path and query of another request to the same socket */
export function withTarget(uri: URL, target: string): URL {
  const { socket } = split(uri);
  return new URL(`ws+unix:${socket.startsWith('/') ? '//' : ''}${socket}:${target}`);
}

/** Describes a mistake in such a URI, for the end of a message; undefined if there is none. */
export function mistakeOf(uri: URL): string | undefined {
  const { socket, path } = split(uri);
  const found = (what: string): string =>
    `has ${what}; expected ws+unix:///run/chat.sock:/path, or ws+unix:./chat.sock:/path.`;
  if (uri.host !== '') return found(`the host ${uri.host}`);
  if (uri.href.includes('#')) return found('a fragment');
  if (!path.startsWith('/')) return found(`${JSON.stringify(path)} after the colon`);
  try {
    const decoded = decodeURIComponent(socket);
    return decoded === '' || decoded === '/' || decoded.includes('\0') ? found('no path of a socket') : undefined;
  } catch {
    return found('a path that is not percent-encoded');
  }
}

/** The first colon ends the socket's path. A colon in that path is written %3A. */
function split({ pathname }: URL): { readonly socket: string; readonly path: string } {
  const colon = pathname.indexOf(':');
  if (colon < 0) return { socket: pathname, path: '/' };
  return { socket: pathname.slice(0, colon), path: pathname.slice(colon + 1) || '/' };
}
