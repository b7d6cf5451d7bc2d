import { createHash } from 'node:crypto';
import { InputStream, OnMessage, OnOpen, PathParam, Reader, Server, ServerEndpoint, Session } from 'serval';
import { main } from '../main';

const CHUNK_BYTES = 16_384;

/** Receives a binary message of any size, and keeps only a hash of it. */
@ServerEndpoint('/upload')
export class Upload {
  @OnMessage
  async receive(file: InputStream, session: Session): Promise<string> {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of file) {
      if (bytes === 0) await session.send('reading');
      hash.update(chunk);
      bytes += chunk.length;
    }
    return `${bytes} bytes, sha256 ${hash.digest('hex')}`;
  }
}

/** Sends one binary message of the size in the path, generated while it is sent. */
@ServerEndpoint('/download/{bytes}')
export class Download {
  @OnOpen
  async send(session: Session, @PathParam('bytes') bytes: number): Promise<void> {
    const stream = session.getBasicRemote().getSendStream();
    for (let sent = 0; sent < bytes; sent += CHUNK_BYTES) {
      // Awaited, so that it generates no more than the client reads.
      await stream.write(Buffer.alloc(Math.min(CHUNK_BYTES, bytes - sent), sent / CHUNK_BYTES));
    }
    await stream.close();
    await session.close();
  }
}

/** Reads a text line by line, `name,amount` in each, and writes the answer line by line. */
@ServerEndpoint('/totals')
export class Totals {
  @OnMessage
  async add(lines: Reader, session: Session): Promise<void> {
    const totals = new Map<string, number>();
    for (let line = await lines.readLine(); line !== null; line = await lines.readLine()) {
      const [name = '', amount] = line.split(',');
      totals.set(name, (totals.get(name) ?? 0) + Number(amount));
    }
    const writer = session.getBasicRemote().getSendWriter();
    for (const [name, total] of totals) await writer.write(`${name},${total}\n`);
    await writer.close();
  }
}

export function start(port: number): Promise<Server> {
  return new Server({ port, endpoints: [Upload, Download, Totals] }).start();
}

if (require.main === module) void main(start, 'ws://localhost/upload');
