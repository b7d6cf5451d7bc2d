import { OnMessage, OnOpen, Server, ServerEndpoint, Session } from 'serval';
import { main } from '../main';
import { AuthConfigurator, USER } from './auth-configurator';

@ServerEndpoint('/account', { configurator: AuthConfigurator, subprotocols: ['account.v1'] })
export class Account {
  @OnOpen
  async open(session: Session): Promise<void> {
    await session.getBasicRemote().sendText(`Welcome, ${userOf(session)}.`);
  }

  @OnMessage
  ask(question: string, session: Session): string {
    return `${userOf(session)} asks: ${question}`;
  }
}

function userOf(session: Session): string {
  return String(session.getUserProperties().get(USER));
}

/** Pages of the server's own origin may always connect; this list is for others. A foreign page gets 403. */
const allowedOrigins = ['https://app.example.com'];

export function start(port: number): Promise<Server> {
  return new Server({ port, endpoints: [Account], allowedOrigins }).start();
}

if (require.main === module) void main(start, 'ws://localhost/account?token=ada-secret');
