import { WebSocket } from 'ws';

// npm run example -- rooms client [server]
const server = process.argv[2] ?? 'ws://localhost:8080';

/** A clerk at the desk. */
class Clerk {
  readonly #socket: WebSocket;
  readonly #heard: string[] = [];
  #wake: () => void = () => undefined;

  private constructor(
    private readonly name: string,
    socket: WebSocket,
  ) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      console.log(`${this.name} hears "${data.toString()}"`);
      this.#heard.push(data.toString());
      this.#wake();
    });
  }

  static enter(name: string): Promise<Clerk> {
    const socket = new WebSocket(`${server}/desk?name=${name}`);
    const clerk = new Clerk(name, socket);
    return new Promise((resolve, reject) => socket.once('open', () => resolve(clerk)).once('error', reject));
  }

  say(text: string): void {
    this.#socket.send(text);
  }

  leave(): void {
    this.#socket.close(1000);
  }

  /** Resolves once the clerk has heard the text. */
  async hears(text: string): Promise<void> {
    while (!this.#heard.includes(text)) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

async function talk(): Promise<void> {
  const ann = await Clerk.enter('Ann');
  const bob = await Clerk.enter('Bob');
  ann.say('join sales');
  await ann.hears('sales: 1 at the desk');
  bob.say('join sales');
  bob.say('join stock');
  await bob.hears('stock: 1 at the desk');
  await ann.hears('sales: 2 at the desk');
  bob.say('lunch at noon?');
  await ann.hears('Bob: lunch at noon?');
  const orders = `${server.replace(/^ws/, 'http')}/orders?department=`;
  for (const [department, order] of [
    ['sales', 'two boxes of tea'],
    ['stock', 'count the cups'],
  ] as const) {
    await fetch(`${orders}${department}`, { method: 'POST', body: order });
    await bob.hears(`order for ${department}: ${order}`);
  }
  await ann.hears('order for sales: two boxes of tea');
  bob.leave();
  await ann.hears('sales: 1 at the desk');
  ann.leave();
}

talk().catch((error: Error) => console.error(`${error.message}. Is the server running?`));
