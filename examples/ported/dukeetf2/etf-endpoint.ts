import { broadcast, OnClose, OnError, OnOpen, ServerEndpoint, Session } from 'serval';

/** The open sessions of all instances of the endpoint. */
const queue = new Set<Session>();

@ServerEndpoint('/dukeetf')
export class ETFEndpoint {
  /** The PriceVolumeBean calls this: sends `100.25 / 301250` to everyone. */
  static send(price: number, volume: number): void {
    // It waits for no slow session, and a failing session doesn't affect the others.
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
