import { randomBytes } from 'node:crypto';
import type { Bus, BusAnswers, BusSubscription } from '@serval/api/spi';

const NOTHING: BusSubscription = { ready: Promise.resolve(), close() {} };

/** The bus of a container that serves its application alone: there is no other node, so nothing is carried. */
export class LocalBus implements Bus {
  readonly node = randomBytes(8).toString('hex');
  readonly isAlone = true;

  publish(): undefined {}

  subscribe(): BusSubscription {
    return NOTHING;
  }

  request(): Promise<BusAnswers> {
    return Promise.resolve({ answers: new Map(), missing: [] });
  }

  watchNodes(): BusSubscription {
    return NOTHING;
  }
}
