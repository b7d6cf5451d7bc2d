import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/** The last message of each peer. */
const END = Buffer.from('the end');
const LIMIT_MS = 60_000;

/** Peers that receive messages, don't read, and then read again all at once. */
export class SlowPeers {
  private constructor(private readonly sockets: readonly Socket[]) {}

  static async connect(port: number, count: number): Promise<SlowPeers> {
    return new SlowPeers(await Promise.all(Array.from({ length: count }, () => open(port))));
  }

  /** Resolves once the server has this many messages for each, after one that fills the socket, and a last one. */
  async haveSent(messages: number): Promise<void> {
    const payload = Buffer.from(String(messages));
    // 0x81 FIN+text · MASK+length · a mask of zeros, which changes nothing
    const frame = Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
    await inTime(
      Promise.all(
        this.sockets.map(
          (socket) =>
            new Promise<void>((resolve) => {
              socket.once('data', () => {
                socket.pause();
                resolve();
              });
              socket.write(frame);
            }),
        ),
      ),
    );
  }

  /** Resolves once every peer has read its last message. */
  async readAll(): Promise<void> {
    await inTime(
      Promise.all(
        this.sockets.map(
          (socket) =>
            new Promise<void>((resolve) => {
              let tail = Buffer.alloc(0);
              socket.on('data', (chunk: Buffer) => {
                tail = Buffer.concat([tail, chunk.subarray(-END.length)]).subarray(-END.length);
                if (tail.equals(END)) resolve();
              });
              socket.resume();
            }),
        ),
      ),
    );
  }

  destroy(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      const key = randomBytes(16).toString('base64');
      socket.write(
        `GET /drain HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      );
    });
    socket.once('data', () => resolve(socket));
    socket.on('error', reject);
  });
}

async function inTime<T>(going: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not all was read within ${LIMIT_MS} ms`)), LIMIT_MS);
  });
  try {
    return await Promise.race([going, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
