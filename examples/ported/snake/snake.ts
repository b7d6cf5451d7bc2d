import { CloseReason, IllegalStateException, type Session } from 'serval';
import { getRandomHexColor } from './color';
import type { Direction } from './direction';
import { getRandomLocation, type Location } from './location';

const DEFAULT_LENGTH = 5;

/** One player's snake. */
export class Snake {
  readonly hexColor = getRandomHexColor();
  private direction: Direction = 'none';
  private length = DEFAULT_LENGTH;
  private head = getRandomLocation();
  /** The nearest to the head first. */
  private tail: Location[] = [];

  constructor(
    readonly id: number,
    private readonly session: Session,
  ) {}

  private resetState(): void {
    this.direction = 'none';
    this.head = getRandomLocation();
    this.tail = [];
    this.length = DEFAULT_LENGTH;
  }

  private kill(): void {
    this.resetState();
    void this.sendMessage('{"type": "dead"}');
  }

  private reward(): void {
    this.length += 1;
    void this.sendMessage('{"type": "kill"}');
  }

  /** Never rejects: a player whose connection accepts nothing for one tick is out of the game. */
  async sendMessage(message: string): Promise<void> {
    try {
      await this.session.getBasicRemote().sendText(message);
    } catch (error) {
      // The session is closed, or is still sending: skip this message.
      if (error instanceof IllegalStateException) return;
      await this.session.close(CloseReason.truncated(CloseReason.CloseCodes.CLOSED_ABNORMALLY, String(error)));
    }
  }

  update(snakes: Iterable<Snake>): void {
    const nextLocation = this.head.getAdjacentLocation(this.direction).wrapped();
    if (this.direction !== 'none') {
      this.tail.unshift(this.head);
      if (this.tail.length > this.length) this.tail.pop();
    }
    this.head = nextLocation;
    this.handleCollisions(snakes);
  }

  private handleCollisions(snakes: Iterable<Snake>): void {
    for (const snake of snakes) {
      const headCollision = this !== snake && snake.head.equals(this.head);
      const tailCollision = snake.tail.some((location) => location.equals(this.head));
      if (!headCollision && !tailCollision) continue;
      this.kill();
      if (this !== snake) snake.reward();
    }
  }

  setDirection(direction: Direction): void {
    this.direction = direction;
  }

  getLocationsJson(): string {
    const body = [this.head, ...this.tail].map(({ x, y }) => `{"x": ${x}, "y": ${y}}`);
    return `{"id":${this.id},"body":[${body.join(',')}]}`;
  }
}
