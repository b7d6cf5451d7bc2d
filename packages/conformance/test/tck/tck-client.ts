import { once } from 'node:events';
import { WebSocket, type ClientOptions } from 'ws';
import type { TckContext } from './context';
import { TckServer } from './tck-server';

/** A message of a client: text, bytes, or a pong with this text. */
export type Utterance = string | Buffer | { readonly pong: string };

/** The events of a client, in order: text, bytes, the text of a pong, or the server's close. */
export type Heard = string | Buffer | { readonly pong: string } | { readonly closed: number };

/** A client of one test. */
export class TckClient {
  readonly #heard: Heard[] = [];
  readonly #waiting: ((heard: Heard) => void)[] = [];

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#hear(isBinary ? data : data.toString()));
    socket.on('pong', (data: Buffer) => this.#hear({ pong: data.toString() }));
    socket.on('close', (code: number) => this.#hear({ closed: code }));
  }

  /** @throws Error with the status of a handshake that is refused */
  static async open(url: string, subprotocols: string[] = [], options: ClientOptions = {}): Promise<TckClient> {
    const socket = new WebSocket(url, subprotocols, { perMessageDeflate: false, ...options });
    const client = new TckClient(socket); // before 'open': the first messages may come in the same read
    await once(socket, 'open');
    return client;
  }

  send(said: Utterance): this {
    if (typeof said === 'string' || Buffer.isBuffer(said)) this.socket.send(said);
    else this.socket.pong(said.pong);
    return this;
  }

  /** Waits for the next event. */
  async next(): Promise<Heard> {
    return this.#heard.shift() ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  async nextOf(count: number): Promise<Heard[]> {
    const heard: Heard[] = [];
    while (heard.length < count) heard.push(await this.next());
    return heard;
  }

  #hear(heard: Heard): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#heard.push(heard);
    else waiting(heard);
  }
}

/** One conversation: what is said in order, and all that is heard. */
export interface Conversation {
  readonly path: string;
  readonly subprotocols?: string[];
  readonly says: readonly Utterance[];
  readonly hears: readonly Heard[];
}

/** Declares a test for each conversation, over one server that has all these contexts. */
export function testConversations(contexts: readonly TckContext[], conversations: readonly Conversation[]): void {
  let server: TckServer;
  beforeAll(async () => (server = await TckServer.start({ contexts, port: 0, host: '127.0.0.1' })));
  afterAll(() => server.stop());

  test.each(conversations)('$path answers $says', async ({ path, subprotocols, says, hears }) => {
    const client = await TckClient.open(`ws://127.0.0.1:${server.port}${path}`, subprotocols);
    for (const said of says) client.send(said);
    expect(await client.nextOf(hears.length)).toEqual(hears);
    client.socket.terminate();
  });
}
