import { WebSocket } from 'ws';

/** Opens a socket and prints what it hears. */
class Guest {
  readonly socket: WebSocket;
  readonly #heard = new Set<string>();
  #wake: () => void = () => undefined;

  constructor(
    private readonly name: string,
    url: string,
  ) {
    this.socket = new WebSocket(url);
    this.socket.on('open', () => this.#hear('is in the room'));
    this.socket.on('error', (error) => this.#hear(error.message));
    this.socket.on('message', (data: Buffer) => this.#hear(data.toString()));
  }

  #hear(text: string): void {
    console.log(`${this.name}: ${text}`);
    this.#heard.add(text);
    this.#wake();
  }

  async hears(text: string): Promise<void> {
    while (!this.#heard.has(text)) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

/** The conversation with every host: a stranger, two guests, and a notice from a route. */
export async function talk(): Promise<void> {
  const server = process.argv[2] ?? 'ws://localhost:8080';
  const stranger = new Guest('a stranger', `${server}/rooms/tea`);
  await stranger.hears('Unexpected server response: 401');
  const ann = new Guest('ann', `${server}/rooms/tea?user=ann`);
  const bob = new Guest('bob', `${server}/rooms/tea?user=bob`);
  await Promise.all([ann.hears('is in the room'), bob.hears('is in the room')]);
  ann.socket.send('hello');
  await bob.hears('ann: hello');
  await fetch(`${server.replace(/^ws/, 'http')}/rooms/tea/notices?user=ann`, { method: 'POST' });
  await Promise.all([ann.hears('The kettle is on.'), bob.hears('The kettle is on.')]);
  for (const { socket } of [ann, bob]) socket.close(1000);
}
