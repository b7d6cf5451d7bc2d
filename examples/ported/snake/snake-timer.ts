import type { Snake } from './snake';

/** Milliseconds. */
export const TICK_DELAY = 100;

/** The snakes in the game, and the game's clock, which runs while there are snakes. */
export class SnakeTimer {
  private static gameTimer: NodeJS.Timeout | undefined;
  private static readonly snakes = new Map<number, Snake>();

  static addSnake(snake: Snake): void {
    if (SnakeTimer.snakes.size === 0) SnakeTimer.startTimer();
    SnakeTimer.snakes.set(snake.id, snake);
  }

  static getSnakes(): readonly Snake[] {
    return [...SnakeTimer.snakes.values()];
  }

  static removeSnake(snake: Snake): void {
    SnakeTimer.snakes.delete(snake.id);
    if (SnakeTimer.snakes.size === 0) SnakeTimer.stopTimer();
  }

  private static tick(): void {
    const locations = SnakeTimer.getSnakes().map((snake) => {
      snake.update(SnakeTimer.getSnakes());
      return snake.getLocationsJson();
    });
    SnakeTimer.broadcast(`{"type": "update", "data" : [${locations.join(',')}]}`);
  }

  /** Waits for no player: the send timeout drops a player who can't keep up. */
  static broadcast(message: string): void {
    for (const snake of SnakeTimer.getSnakes()) void snake.sendMessage(message);
  }

  private static startTimer(): void {
    SnakeTimer.gameTimer = setInterval(() => {
      try {
        SnakeTimer.tick();
      } catch (error) {
        // An exception in a timer would end the process.
        console.error('The snakes missed a tick:', error);
      }
    }, TICK_DELAY);
  }

  private static stopTimer(): void {
    clearInterval(SnakeTimer.gameTimer);
  }
}
