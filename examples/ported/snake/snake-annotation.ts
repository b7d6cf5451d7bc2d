import { IOException, OnClose, OnError, OnMessage, OnOpen, ServerEndpoint, Session } from 'serval';
import { Snake } from './snake';
import { SnakeTimer, TICK_DELAY } from './snake-timer';

/** One player's connection. */
@ServerEndpoint('/websocket/snake')
export class SnakeAnnotation {
  private static snakeIds = 0;

  private readonly id = SnakeAnnotation.snakeIds++;
  private snake: Snake | undefined;

  @OnOpen
  onOpen(session: Session): void {
    // A message that takes longer than a tick is too late for the game.
    session.getUserProperties().set('org.apache.tomcat.websocket.BLOCKING_SEND_TIMEOUT', TICK_DELAY);
    this.snake = new Snake(this.id, session);
    SnakeTimer.addSnake(this.snake);
    const snakes = SnakeTimer.getSnakes().map(({ id, hexColor }) => `{"id": ${id}, "color": "${hexColor}"}`);
    SnakeTimer.broadcast(`{"type": "join","data":[${snakes.join(',')}]}`);
  }

  @OnMessage
  onTextMessage(message: string): void {
    switch (message) {
      case 'west':
      case 'north':
      case 'east':
      case 'south':
        this.snake?.setDirection(message);
    }
  }

  @OnClose
  onClose(): void {
    if (this.snake !== undefined) SnakeTimer.removeSnake(this.snake);
    SnakeTimer.broadcast(`{"type": "leave", "id": ${this.id}}`);
  }

  /** Every error ends the game for its player. */
  @OnError
  async onError(error: Error, session: Session): Promise<void> {
    await session.close();
    let root = error;
    for (let depth = 0; depth < 20 && root.cause instanceof Error; depth += 1) root = root.cause;
    // A failed connection means that the player left.
    if (!(root instanceof IOException)) throw error;
  }
}
