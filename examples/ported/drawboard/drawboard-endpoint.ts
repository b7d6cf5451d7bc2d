import { Endpoint, type EndpointConfig, type Session } from 'serval';
import { Client } from './client';
import { DrawMessage, ParseError } from './draw-message';
import { NumberFormatError, parseInt64 } from '../java-numbers';
import { Room, type Player } from './room';

const MAX_TEXT_BYTES = 10_000;

/** One player's session. The room is the configuration's user property `room`. */
export class DrawboardEndpoint extends Endpoint {
  private player: Player | undefined;

  override onOpen(session: Session, config: EndpointConfig): void {
    const room = config.getUserProperties().get('room');
    if (!(room instanceof Room)) throw new TypeError('DrawboardEndpoint needs the user property "room".');
    session.setMaxTextMessageBufferSize(MAX_TEXT_BYTES);
    session.addMessageHandler(String, (message) => this.receive(message));
    this.player = room.join(new Client(session));
  }

  override onClose(): void {
    this.player?.leave();
    this.player = undefined;
  }

  override onError(_session: Session, cause: Error): void {
    console.error('drawboard:', cause);
  }

  /** `1id|stroke` is a stroke, and `0` says that the client is alive. Other messages are ignored. */
  private receive(message: string): void {
    if (!message.startsWith('1')) return;
    try {
      const bar = message.indexOf('|');
      const messageId = parseInt64(message.slice(1, Math.max(bar, 1)));
      const stroke = DrawMessage.parseFromString(message.slice(bar + 1));
      this.player?.draw(stroke, messageId);
    } catch (error) {
      if (!(error instanceof ParseError || error instanceof NumberFormatError)) throw error;
    }
  }
}
