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

@ServerEndpoint('/drain')
class Drain {
  @OnMessage
  onText(count: string, session: Session): void {
    const remote = session.getAsyncRemote();
    void remote.sendBinary(Buffer.alloc(4 * 1024 * 1024));
    for (let number = 0; number < Number(count); number += 1) void remote.sendText(`message ${number}`);
    void remote.sendText('the end');
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
    endpoints: [Echo, Broadcast, Drain, Upload],
    binaryBufferSize: 65_536,
    perMessageDeflate: process.argv.includes('--deflate'),
  });
  await server.start();
  console.log(JSON.stringify({ port: server.port, pid: process.pid }));
}

void main();
