import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterTest } from '../../testing/test/toolbox';

/** The options of a {@link SocksServer}. */
export interface SocksBehaviour {
  /** Requires these credentials by RFC 1929. */
  readonly user?: { readonly username: string; readonly password: string };
  /** Replaces its first, second, ... answer: bytes, or 'silence'. */
  readonly answers?: readonly (Buffer | 'silence' | undefined)[];
}

/** The requests of its clients. */
export interface SocksRequest {
  readonly version: number;
  /** As received: an address or a name. */
  readonly host: string;
  readonly port: number;
  /** Of SOCKS 4. */
  readonly userId?: string;
}

/** A SOCKS server (4, 4a and 5) on a free port of 127.0.0.1, gone after the test. Every name leads to 127.0.0.1. */
export class SocksServer {
  readonly requests: SocksRequest[] = [];
  readonly logins: string[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #waiting: (() => void)[] = [];

  private constructor(
    private readonly server: Server,
    private readonly behaviour: SocksBehaviour,
  ) {
    server.on('connection', (socket: Socket) => {
      this.#track(socket);
      void this.#serve(socket).catch(() => socket.destroy());
    });
  }

  static async start(behaviour: SocksBehaviour = {}): Promise<SocksServer> {
    const server = createServer();
    const socks = new SocksServer(server, behaviour);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    afterTest(() => socks.#stop());
    return socks;
  }

  /** @param user `name:password@`, or nothing */
  url(scheme = 'socks5h', user = ''): string {
    return `${scheme}://${user}127.0.0.1:${this.port}`;
  }

  get port(): number {
    // It listens on a port.
    return (this.server.address() as AddressInfo).port;
  }

  /** Resolves once neither a client is connected nor a tunnel open. */
  async deserted(): Promise<void> {
    while (this.#sockets.size > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async #serve(socket: Socket): Promise<void> {
    const read = reader(socket);
    let count = 0;
    const answer = (usual: readonly number[]): boolean => {
      const instead = this.behaviour.answers?.[count++];
      if (instead !== 'silence') socket.write(instead ?? Buffer.from(usual));
      return instead === undefined;
    };
    const [version = 0] = await read(1);
    if (version === 4) {
      const [, high = 0, low = 0, ...address] = await read(7);
      const userId = (await readString(read)).toString();
      // 4a: an invalid address means that a name follows.
      const isName = address.slice(0, 3).every((byte) => byte === 0);
      const host = isName ? (await readString(read)).toString() : address.join('.');
      this.requests.push({ version, host, port: high * 256 + low, userId });
      if (answer([0, 90, 0, 0, 0, 0, 0, 0])) this.#tunnel(socket, high * 256 + low);
      return;
    }
    const [methods = 0] = await read(1);
    const offered = [...(await read(methods))];
    const method = this.behaviour.user === undefined ? 0 : 2;
    if (!answer([5, offered.includes(method) ? method : 0xff])) return;
    if (method === 2) {
      const [, nameLength = 0] = await read(2);
      const name = await read(nameLength);
      const [passwordLength = 0] = await read(1);
      const login = `${name.toString()}:${(await read(passwordLength)).toString()}`;
      this.logins.push(login);
      const { username, password } = this.behaviour.user ?? {};
      if (!answer([1, login === `${username}:${password}` ? 0 : 1])) return;
    }
    const [, , , type = 0] = await read(4);
    const [length = 0] = type === 3 ? await read(1) : [type === 4 ? 16 : 4];
    const address = await read(length);
    const host = type === 3 ? address.toString() : type === 4 ? address.toString('hex') : [...address].join('.');
    const port = (await read(2)).readUInt16BE();
    this.requests.push({ version, host, port });
    if (answer([5, 0, 0, 1, 127, 0, 0, 1, 0, 80])) this.#tunnel(socket, port);
  }

  #tunnel(socket: Socket, port: number): void {
    const server = connect(port, '127.0.0.1', () => socket.pipe(server).pipe(socket));
    this.#track(server);
    server.on('close', () => socket.destroy());
    socket.on('close', () => server.destroy());
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      for (const look of this.#waiting) look();
    });
  }

  #stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}

type Read = (length: number) => Promise<Buffer>;

/** Reads so many bytes; rejects at the end. */
function reader(socket: Socket): Read {
  return async (length) => {
    if (length === 0) return Buffer.alloc(0);
    for (;;) {
      const chunk = socket.read(length) as Buffer | null;
      if (chunk !== null) return chunk;
      await new Promise<void>((resolve, reject) => {
        socket.once('readable', resolve).once('close', () => reject(new Error('gone')));
      });
    }
  };
}

/** Up to a zero. */
async function readString(read: Read): Promise<Buffer> {
  const bytes: number[] = [];
  for (;;) {
    const [byte = 0] = await read(1);
    if (byte === 0) return Buffer.from(bytes);
    bytes.push(byte);
  }
}
