import { broadcast, type Session } from 'serval';
import type { AuctionItem } from './auction-item';
import { AuctionMessage } from './auction-message';
import { AuctionTimeBroadcasterTask } from './auction-time-broadcaster-task';

const PERIOD_MS = 1000;

let idCounter = 0;

/** One auction: starts with the first login, and ends when nobody outbids the last bid for a while. */
export class Auction {
  readonly id = String(idCounter++);
  private state: 'pre-auction' | 'running' | 'finished' = 'pre-auction';
  /** The participants. A session leaves when it logs out or closes, so each one here is usable. */
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

  /** Ignores a bid that is not a number or not the highest, and a bid of a session that has not logged in. */
  handleBidRequest(message: AuctionMessage, arc: Session): void {
    const bid = Number(message.data);
    if (this.state !== 'running' || !this.arcs.has(arc) || !Number.isFinite(bid) || bid <= this.item.price) return;
    this.item.price = bid;
    this.bestBidderName = nameOf(arc);
    this.sendToAll(AuctionMessage.priceUpdate(this.id, bid));
    this.startTimeBroadcast();
  }

  /** To everyone in the auction. It waits for no slow session, and a failing session doesn't affect the others. */
  sendToAll(message: AuctionMessage): void {
    void broadcast(message, this.arcs);
  }

  switchStateToAuctionFinished(): void {
    this.state = 'finished';
    this.stopTimeBroadcast();
    for (const arc of this.arcs) void arc.getAsyncRemote().sendObject(this.resultFor(nameOf(arc)));
  }

  /** Restarts with the full time; sends the first message at once. */
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
