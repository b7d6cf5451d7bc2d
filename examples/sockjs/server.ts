import { OnMessage, OnOpen, PathParam, Server, ServerEndpoint, Session } from 'serval';
import { main } from '../main';

/** A room that works over a WebSocket and, where a network blocks those, over plain HTTP. */
@ServerEndpoint({ value: '/chat/{room}', sockJs: true })
export class Chat {
  @OnOpen
  enter(session: Session, @PathParam('room') room: string): void {
    session.join(room);
  }

  @OnMessage
  say(text: string, session: Session): void {
    session.to(...session.rooms).send(text);
    session.send(text);
  }
}

export function start(port: number): Promise<Server> {
  return new Server({ port, endpoints: [Chat] }).start();
}

if (require.main === module) void main(start, 'ws://localhost/chat/lobby');
