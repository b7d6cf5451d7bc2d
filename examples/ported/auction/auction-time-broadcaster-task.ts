import { AuctionMessage } from './auction-message';

/** The auction as its clock uses it. */
interface TimedAuction {
  readonly id: string;
  sendToAll(message: AuctionMessage): void;
  switchStateToAuctionFinished(): void;
}

/** Counts the seconds down to 0, sends them to all in the auction, and ends it a second later. */
export class AuctionTimeBroadcasterTask {
  constructor(
    private readonly owner: TimedAuction,
    private timeoutCounter: number,
  ) {}

  run(): void {
    if (this.timeoutCounter < 0) this.owner.switchStateToAuctionFinished();
    else this.owner.sendToAll(AuctionMessage.timeBroadcast(this.owner.id, this.timeoutCounter));
    this.timeoutCounter -= 1;
  }
}
