import { OnMessage, OnOpen, Server, ServerEndpoint, Session } from 'serval';
import { main } from '../main';
import { AuthConfigurator, type SignedIn } from './auth-configurator';

@ServerEndpoint('/account', { configurator: AuthConfigurator, subprotocols: ['account.v1'] })
export class Account {
  @OnOpen
  open(session: Session<SignedIn>): void {
    session.send(`Welcome, ${session.data.user}.`);
  }

  @OnMessage
  ask(question: string, session: Session<SignedIn>): string {
    return `${session.data.user} asks: ${question}`;
  }
}

/** Pages of the server's own origin may always connect; this list is for others. A foreign page gets 403. */
const allowedOrigins = ['https://app.example.com'];

export function start(port: number): Promise<Server> {
  return new Server({ port, endpoints: [Account], allowedOrigins }).start();
}

if (require.main === module) void main(start, 'ws://localhost/account?token=ada-secret');
