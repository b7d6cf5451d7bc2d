import { ETFEndpoint } from './etf-endpoint';

const PERIOD_MS = 1000;

/** Moves price and volume at random, every second. */
export class PriceVolumeBean {
  private price = 100;
  private volume = 300_000;
  private timer: NodeJS.Timeout | undefined;

  init(): void {
    this.timer = setInterval(() => this.timeout(), PERIOD_MS);
  }

  destroy(): void {
    clearInterval(this.timer);
  }

  private timeout(): void {
    this.price += (nextInt(100) - 50) / 100;
    this.volume += nextInt(5000) - 2500;
    ETFEndpoint.send(this.price, this.volume);
  }
}

/** A whole number from 0 to below the bound. */
function nextInt(bound: number): number {
  return Math.floor(Math.random() * bound);
}
