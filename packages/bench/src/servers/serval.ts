import { OnMessage, Server, ServerEndpoint, Session } from 'serval';

@ServerEndpoint('/echo')
class Echo {
  @OnMessage
  onText(text: string): string {
    return text;
  }

  @OnMessage
  onBinary(data: Buffer): Buffer {
    return data;
  }
}

@ServerEndpoint('/broadcast')
class Broadcast {
  @OnMessage
  onText(text: string, session: Session): void {
    for (const peer of session.getOpenSessions()) void peer.getAsyncRemote().sendText(text);
  }
}

@ServerEndpoint('/upload')
class Upload {
  #bytes = 0;

  @OnMessage
  onPart(part: Buffer, last: boolean): string | undefined {
    this.#bytes += part.length;
    if (!last) return undefined;
    const bytes = this.#bytes;
    this.#bytes = 0;
    return String(bytes);
  }
}

async function main(): Promise<void> {
  const server = new Server({
    host: '127.0.0.1',
    endpoints: [Echo, Broadcast, Upload],
    binaryBufferSize: 65_536,
    perMessageDeflate: process.argv.includes('--deflate'),
  });
  await server.start();
  console.log(JSON.stringify({ port: server.port, pid: process.pid }));
}

void main();
