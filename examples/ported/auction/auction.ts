import { broadcast, type Session } from 'serval';
import type { AuctionItem } from './auction-item';
import { AuctionMessage } from './auction-message';
import { AuctionTimeBroadcasterTask } from './auction-time-broadcaster-task';

const PERIOD_MS = 1000;

let idCounter = 0;

/** One auction: begins with the first who logs in, and ends when nobody has outbid the last bid for a while. */
export class Auction {
  readonly id = String(idCounter++);
  private state: 'pre-auction' | 'running' | 'finished' = 'pre-auction';
  /** Who takes part. A session leaves when it logs out or closes, so each of them can be used. */
  private readonly arcs = new Set<Session>();
  private bestBidderName: string | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(readonly item: AuctionItem) {}

  removeArc(arc: Session): void {
    this.arcs.delete(arc);
  }

  handleLoginRequest(message: AuctionMessage, arc: Session): void {
    arc.getUserProperties().set('name', message.data);
    void arc.getAsyncRemote().sendObject(AuctionMessage.loginResponse(this.id, this.item));
    if (this.state === 'finished') {
      void arc.getAsyncRemote().sendObject(this.resultFor(message.data));
      return;
    }
    this.arcs.add(arc);
    if (this.state === 'pre-auction') this.startTimeBroadcast();
  }

  /** A bid that is no number, or not the highest, is none; so is one of a session that has not logged in. */
  handleBidRequest(message: AuctionMessage, arc: Session): void {
    const bid = Number(message.data);
    if (this.state !== 'running' || !this.arcs.has(arc) || !Number.isFinite(bid) || bid <= this.item.price) return;
    this.item.price = bid;
    this.bestBidderName = nameOf(arc);
    this.sendToAll(AuctionMessage.priceUpdate(this.id, bid));
    this.startTimeBroadcast();
  }

  /** To everyone in the auction; nobody waits for a slow session, and one that fails costs the others nothing. */
  sendToAll(message: AuctionMessage): void {
    void broadcast(message, this.arcs);
  }

  switchStateToAuctionFinished(): void {
    this.state = 'finished';
    this.stopTimeBroadcast();
    for (const arc of this.arcs) void arc.getAsyncRemote().sendObject(this.resultFor(nameOf(arc)));
  }

  /** From the full time again, the first message at once. */
  private startTimeBroadcast(): void {
    this.stopTimeBroadcast();
    this.state = 'running';
    const task = new AuctionTimeBroadcasterTask(this, this.item.bidTimeoutS);
    task.run();
    this.timer = setInterval(() => task.run(), PERIOD_MS);
  }

  stopTimeBroadcast(): void {
    clearInterval(this.timer);
  }

  private resultFor(name: string): AuctionMessage {
    const price = this.item.price.toFixed(0);
    if (this.bestBidderName === undefined) return AuctionMessage.result(this.id, 'Nobody has bid.');
    return AuctionMessage.result(
      this.id,
      name === this.bestBidderName ? `You have won, and pay ${price}.` : `You have not won. It was sold for ${price}.`,
    );
  }
}

function nameOf(arc: Session): string {
  return String(arc.getUserProperties().get('name'));
}
