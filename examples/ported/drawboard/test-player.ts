import { PNG } from 'pngjs';
import { ClientEndpointConfig, Endpoint, ClientContainer, type CloseReason, type Session } from 'serval';

const container = new ClientContainer({ textBufferSize: 4_000_000, binaryBufferSize: 4_000_000 });

/**
 * A scripted player on Serval's own client, for any server that speaks the drawboard's protocol. It keeps the events as
 * lines: each text separately, even if the server joined several; `picture 900x600`; `closed 1000`.
 */
export class TestPlayer extends Endpoint {
  readonly seen: string[] = [];
  #picture: Buffer | undefined;
  #session: Session | undefined;
  #wake = new Set<() => void>();
  #gate: Promise<void> | undefined;

  static async join(port: number): Promise<TestPlayer> {
    const player = new TestPlayer();
    const config = ClientEndpointConfig.Builder.create().build();
    await container.connectToServer(player, config, `ws://127.0.0.1:${port}/examples/websocket/drawboard`);
    return player;
  }

  /** Joins, and waits for the picture. */
  static async joined(port: number): Promise<TestPlayer> {
    const player = await TestPlayer.join(port);
    await player.until((line) => line.startsWith('picture'));
    return player;
  }

  /** Joins an empty room: players who left may still be in it for a moment. */
  static async first(port: number): Promise<TestPlayer> {
    for (;;) {
      const player = await TestPlayer.joined(port);
      if (player.seen[0] === '21') return player;
      await player.leave();
    }
  }

  override onOpen(session: Session): void {
    this.#session = session;
    session.addMessageHandler(String, (text) => {
      this.#see(...text.split(';'));
      return this.#gate;
    });
    session.addMessageHandler(Buffer, (png) => {
      this.#picture = png;
      // A PNG begins with its width and height (its chunk IHDR).
      this.#see(`picture ${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`);
    });
  }

  override onClose(_session: Session, reason: CloseReason): void {
    this.#see(`closed ${reason.getCloseCode().getCode()} ${reason.getReasonPhrase()}`.trim());
  }

  /** The last picture that has arrived. */
  get picture(): PNG {
    if (this.#picture === undefined) throw new Error('No picture has arrived.');
    return PNG.sync.read(this.#picture);
  }

  /** Sends a numbered stroke, and waits until all players see it. */
  async draw(stroke: string, id: number | bigint, seenBy: readonly TestPlayer[]): Promise<void> {
    const counts = seenBy.map(({ seen }) => seen.length);
    await this.send(`1${id}|${stroke}`);
    await Promise.all(seenBy.map((player, index) => player.until((line) => line.startsWith('1'), counts[index])));
  }

  async send(text: string): Promise<void> {
    await this.#session?.getBasicRemote().sendText(text);
  }

  /** Waits for a line from `from` on. */
  async until(isWanted: (line: string) => boolean, from = 0): Promise<void> {
    while (!this.seen.slice(from).some(isWanted)) await new Promise<void>((resolve) => this.#wake.add(resolve));
  }

  /** Reads one more text, and then nothing until the caller calls the returned function. */
  lookAway(): () => void {
    let look = (): void => undefined;
    this.#gate = new Promise((resolve) => (look = resolve));
    return () => {
      this.#gate = undefined;
      look();
    };
  }

  async leave(): Promise<void> {
    if (this.#session?.isOpen() === true) await this.#session.close();
    await this.until((line) => line.startsWith('closed'));
  }

  #see(...lines: string[]): void {
    this.seen.push(...lines);
    for (const wake of this.#wake) wake();
    this.#wake.clear();
  }
}
