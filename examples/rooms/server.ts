import type { IncomingMessage, RequestListener } from 'node:http';
import { OnMessage, OnOpen, Server, ServerEndpoint, Session } from 'serval';
import { main } from '../main';

interface Person {
  name: string;
}

/** A desk clerk who watches departments: `join sales`, `leave sales`, or a text for all of the clerk's departments. */
@ServerEndpoint('/desk')
export class Desk {
  @OnOpen
  enter(session: Session<Person>): void {
    session.data.name = session.query.get('name') ?? 'guest';
  }

  @OnMessage
  hear(text: string, session: Session<Person>): void {
    const [, verb, room = ''] = /^(join|leave) (\S+)$/.exec(text) ?? [];
    if (verb === 'join') session.join(room);
    else if (verb === 'leave') session.leave(room);
    else session.to(...session.rooms).send(`${session.data.name}: ${text}`);
  }
}

export async function start(port: number): Promise<Server> {
  const server = new Server({ port, endpoints: [Desk], requestListener });
  const { container } = server;

  container.rooms.on('joined', ({ room, members }) => container.to(room).send(`${room}: ${members} at the desk`));
  container.rooms.on('left', ({ room, members }) => container.to(room).send(`${room}: ${members} at the desk`));

  return server.start();

  /** `POST /orders?department=sales` with a text tells that department; `GET /desk?department=sales` lists its clerks. */
  function requestListener(...[request, response]: Parameters<RequestListener>): void {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const department = url.searchParams.get('department');
    if (department === null || department === '') response.writeHead(404).end();
    else if (request.method === 'POST')
      bodyOf(request).then(
        (order) => {
          container.to(department).send(`order for ${department}: ${order}`);
          response.writeHead(204).end();
        },
        () => response.writeHead(400).end(),
      );
    else response.end(String(container.rooms.count(department)));
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += String(chunk);
    if (body.length > 1000) throw new Error('An order has at most 1000 characters.');
  }
  return body;
}

if (require.main === module) void main(start, 'ws://localhost/desk');
