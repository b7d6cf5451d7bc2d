import { OnMessage, Server, ServerEndpoint } from 'serval';
import { main } from '../main';

@ServerEndpoint('/echo')
export class Echo {
  @OnMessage
  text(message: string): string {
    return message;
  }

  @OnMessage
  binary(message: Buffer): Buffer {
    return message;
  }
}

export function start(port: number): Promise<Server> {
  return new Server({ port, endpoints: [Echo] }).start();
}

if (require.main === module) void main(start, 'ws://localhost/echo');
