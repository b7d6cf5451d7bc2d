import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  OnMessage,
  OnOpen,
  Server,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
  type HandshakeRequest,
} from 'serval';
import { selfSignedCertificate, type Certificate } from '../certificate';
import { main } from '../main';

/** Stores for each session how its client connected. */
class Route extends ServerEndpointConfig.Configurator {
  override modifyHandshake(config: ServerEndpointConfig, request: HandshakeRequest): void {
    const { httpVersion } = request.getNativeRequest() as IncomingMessage;
    config.getUserProperties().set('route', `HTTP/${httpVersion}, from port ${request.getRemotePort()}`);
  }
}

/** Tells each client its HTTP version, and echoes. */
@ServerEndpoint({ value: '/route', configurator: Route })
export class RouteTeller {
  @OnOpen
  tell(session: Session<{ route: string }>): void {
    session.send(session.data.route);
  }

  @OnMessage
  echo(text: string): string {
    return text;
  }
}

// Three sockets: over HTTP/1.1 they are three connections, each from a different port; over HTTP/2 they are one.
const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>WebSocket over HTTP/2</title>
<h1>Three WebSockets</h1>
<ol></ol>
<script>
  for (let number = 1; number <= 3; number += 1) {
    const line = document.querySelector('ol').appendChild(document.createElement('li'));
    const socket = new WebSocket('wss://' + location.host + '/route');
    socket.onmessage = ({ data }) => (line.textContent = data);
    socket.onclose = ({ code, reason }) => (line.textContent = 'closed ' + code + ' ' + reason);
  }
</script>
`;

function servePage(request: IncomingMessage, response: ServerResponse): void {
  if (request.url !== '/') {
    response.writeHead(404, { 'Content-Type': 'text/plain' }).end('Not found.\n');
    return;
  }
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(PAGE);
}

export function start(port: number, tls: Certificate = selfSignedCertificate()): Promise<Server> {
  return new Server({ port, tls, http2: true, endpoints: [RouteTeller], requestListener: servePage }).start();
}

if (require.main === module) void main((port) => start(port), 'https://localhost/');
