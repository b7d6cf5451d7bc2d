import { broadcast, OnClose, OnError, OnOpen, ServerEndpoint, Session } from 'serval';

/** The open sessions, of all instances of the endpoint. */
const queue = new Set<Session>();

@ServerEndpoint('/dukeetf')
export class ETFEndpoint {
  /** What the PriceVolumeBean calls: `100.25 / 301250`, to everyone. */
  static send(price: number, volume: number): void {
    // Nobody waits for a slow session, and one that fails costs the others nothing.
    void broadcast(`${price.toFixed(2)} / ${volume}`, queue);
  }

  @OnOpen
  openConnection(session: Session): void {
    queue.add(session);
  }

  @OnClose
  closedConnection(session: Session): void {
    queue.delete(session);
  }

  @OnError
  error(session: Session, error: Error): void {
    queue.delete(session);
    console.error('Connection error.', error);
  }
}
