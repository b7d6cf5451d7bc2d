import { Board } from './board';
import type { Client } from './client';
import type { DrawMessage } from './draw-message';

const MAX_PLAYERS = 100;
/** Draw messages within this time are sent together. */
const BROADCAST_MS = 30;

/** The first character of a room's messages. */
export const MessageType = {
  /** Followed by the problem. */
  error: '0',
  /** Followed by `id,stroke|id,stroke…`; the id is that of the last message with this player's strokes. */
  draw: '1',
  /** Followed by the number of players; the next message is the picture as PNG, binary. */
  image: '2',
  /** Followed by `+` or `-`: a player joined or left. */
  players: '3',
} as const;

/** A board, and the players who draw on it. */
export class Room {
  readonly #board = new Board();
  readonly #players = new Set<Player>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @returns undefined when the room is full, or closed */
  join(client: Client): Player | undefined {
    if (this.#isClosed) return undefined;
    if (this.#players.size >= MAX_PLAYERS) {
      client.send(`${MessageType.error}Maximum player count (${MAX_PLAYERS}) has been reached.`);
      client.close();
      return undefined;
    }
    this.#tellPlayers('+');
    const player = new Player(this, client);
    this.#players.add(player);
    this.#timer ??= setInterval(() => this.#broadcastStrokes(), BROADCAST_MS);
    client.send(MessageType.image + String(this.#players.size));
    client.send(this.#board.toPng());
    return player;
  }

  leave(player: Player): void {
    if (!this.#players.delete(player)) return;
    if (this.#players.size === 0) this.#stopTimer();
    this.#tellPlayers('-');
  }

  draw(message: DrawMessage): void {
    message.draw(this.#board);
    const text = message.toString();
    for (const player of this.#players) player.strokes.push(text);
  }

  /** The server stops: no player can join any more, and the room announces no one who leaves. */
  close(): void {
    this.#isClosed = true;
    this.#players.clear();
    this.#stopTimer();
  }

  #tellPlayers(change: '+' | '-'): void {
    for (const player of this.#players) player.client.send(MessageType.players + change);
  }

  #broadcastStrokes(): void {
    for (const player of this.#players) {
      if (player.strokes.length === 0) continue;
      const strokes = player.strokes.splice(0).map((stroke) => `${player.lastMessageId},${stroke}`);
      player.client.send(MessageType.draw + strokes.join('|'));
    }
  }

  #stopTimer(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Someone in a room. */
export class Player {
  /** The player's number for the last draw message that the room accepted; a Java `long`. */
  lastMessageId = 0n;
  /** The strokes since the last broadcast. */
  readonly strokes: string[] = [];

  constructor(
    private readonly room: Room,
    readonly client: Client,
  ) {}

  draw(message: DrawMessage, messageId: bigint): void {
    this.lastMessageId = messageId;
    this.room.draw(message);
  }

  leave(): void {
    this.room.leave(this);
  }
}
