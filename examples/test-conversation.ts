import { createHash } from 'node:crypto';
import { clientFrame, LiteralSocket } from 'serval/testing';
import { type CloseReason, Endpoint, PongMessage, type RemoteEndpoint, type Session, ClientContainer } from 'serval';

/** Texts up to this length go into a transcript unchanged; longer texts and data as length and hash. */
const SHORT = 4000;
const SILENCE_MS = 30_000;
/** The largest message of a conversation. */
const LARGEST = 1_000_000;

const container = new ClientContainer({ textBufferSize: LARGEST, binaryBufferSize: LARGEST });

/** A party of a scripted conversation, on Serval's client. It receives one event after the other, as lines of text. */
export class Speaker {
  readonly #heard: string[] = [];
  #wake: () => void = () => undefined;
  readonly remote: RemoteEndpoint.Basic;

  private constructor(
    readonly session: Session,
    inbox: Inbox,
  ) {
    this.remote = session.getBasicRemote();
    inbox.deliverTo((line) => {
      this.#heard.push(line);
      this.#wake();
    });
  }

  static async join(uri: string): Promise<Speaker> {
    const inbox = new Inbox();
    return new Speaker(await container.connectToServer(inbox, null, uri), inbox);
  }

  /** Sends each text as a separate message. */
  async say(...texts: string[]): Promise<this> {
    for (const text of texts) await this.remote.sendText(text);
    return this;
  }

  /**
   * The next event: `text hello`, `binary 00ff`, `pong 01`, `closed 1000`.
   *
   * @throws Error when nothing arrives for ten seconds
   */
  async hear(): Promise<string> {
    for (;;) {
      const line = this.#heard.shift();
      if (line !== undefined) return line;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('Nothing has come for ten seconds.')), SILENCE_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /**
   * All lines up to the first match, which is the last of the list.
   *
   * @param most lines that may come before it
   * @throws Error when the session closes instead, or other lines arrive
   */
  async hearUntil(wanted: RegExp, most = Infinity): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.hear();
      lines.push(line);
      if (wanted.test(line)) return lines;
      if (line.startsWith('closed') || lines.length > most)
        throw new Error(`Expected ${wanted}, but heard: ${lines.slice(-20).join(' | ')}`);
    }
  }

  leave(reason?: CloseReason): Promise<void> {
    return this.session.close(reason);
  }
}

/** Keeps the lines that arrive before there is a listener. */
class Inbox extends Endpoint {
  readonly #early: string[] = [];
  #deliver = (line: string): void => void this.#early.push(line);

  deliverTo(deliver: (line: string) => void): void {
    this.#deliver = deliver;
    for (const line of this.#early.splice(0)) deliver(line);
  }

  override onOpen(session: Session): void {
    session.addMessageHandler(String, (text: string) => this.#deliver(`text ${abridged(text)}`));
    session.addMessageHandler(Buffer, (data: Buffer) => this.#deliver(`binary ${abridged(data.toString('hex'))}`));
    session.addMessageHandler(PongMessage, (pong: PongMessage) =>
      this.#deliver(`pong ${Buffer.from(pong.getApplicationData()).toString('hex')}`),
    );
  }

  override onClose(_session: Session, reason: CloseReason): void {
    this.#deliver(`closed ${reason.getCloseCode().getCode()}`);
  }
}

/** `aaaa…` as `a×5000`, and other long texts as length and hash. */
function abridged(text: string): string {
  const short = text.replace(/(.)\1{50,}/gu, (run, character: string) => `${character}×${run.length}`);
  if (short.length <= SHORT) return short;
  return `of ${text.length}, ${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}

/** The answer to a handshake: its status, and the headers that matter to a client. */
export async function handshake(port: number, path: string, headers: Record<string, string> = {}): Promise<string> {
  const socket = await LiteralSocket.connect(port);
  try {
    const head = await socket.upgrade(path, headers);
    const named = ['sec-websocket-protocol', 'sec-websocket-extensions', 'sec-websocket-version'];
    return [
      head.status,
      ...named.flatMap((name) => head.headers.get(name)?.map((value) => `${name}: ${value}`) ?? []),
    ].join(', ');
  } finally {
    socket.destroy();
  }
}

/**
 * Opens a session, sends frames unchanged, and reads to the end of the connection.
 *
 * @returns the code of the server's close frame, which must be the only frame, and the phrase if `withPhrase` is set
 */
export async function closeFrameFor(
  port: number,
  path: string,
  frame: Uint8Array,
  { withPhrase = false } = {},
): Promise<string> {
  const socket = await LiteralSocket.connect(port);
  try {
    await socket.upgrade(path);
    socket.send(frame);
    const bytes = await socket.readToEnd();
    const [first, length = 0] = bytes;
    if (first !== 0x88 || bytes.length !== 2 + length) return `bytes ${bytes.toString('hex')}`;
    if (length === 0) return 'empty';
    return [bytes.readUInt16BE(2), ...(withPhrase ? [bytes.toString('utf8', 4)] : [])].join(' ').trim();
  } finally {
    socket.destroy();
  }
}

/** A session whose connection ends without a close frame, by a FIN or a reset, after `meanwhile`. */
export async function vanish(
  port: number,
  path: string,
  meanwhile: () => Promise<unknown>,
  how: 'end' | 'reset' = 'end',
): Promise<void> {
  const socket = await LiteralSocket.connect(port);
  try {
    await socket.upgrade(path);
    await meanwhile();
  } finally {
    socket[how]();
  }
}

export { clientFrame };
