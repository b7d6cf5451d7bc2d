import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { attach, endpoint, type ServerContainerOptions, type Session } from 'serval';
import { main, type Running } from '../main';

/** A limit waits: the rest of the client's messages stays in its connection until the second is over. */
export const patient = endpoint('/patient', {
  limits: { rateLimits: [{ by: 'session', points: 3, duration: 1 }] },
  onText: (text) => text,
});

/** The same limit ends the session. */
export const strict = endpoint('/strict', {
  limits: { rateLimits: [{ by: 'session', points: 3, duration: 1, excess: 'close' }] },
  onText: (text) => text,
});

/** A table for two. */
export const table = endpoint('/table', {
  limits: { maxConnections: 2 },
  onOpen: (session: Session) => session.send('Take a seat.'),
});

const PRICE_BYTES = 100_000;
const EVERY_MS = 5;

/** Sends so many prices with one key: a newer price replaces one that still waits. */
export const prices = endpoint('/prices', {
  async onText(count, session) {
    for (let number = 1; number <= Number(count) && session.isOpen(); number += 1) {
      session.send(`${number} `.padEnd(PRICE_BYTES, '.'), { coalesce: 'tea' });
      await sleep(EVERY_MS, undefined, { signal: session.signal });
    }
  },
});

/** Two containers on one server: below `/polite` a refused client gets a close frame in place of 503. */
const CONTAINERS: readonly ServerContainerOptions[] = [
  { connectionLimitAction: 'refuse' },
  { connectionLimitAction: 'close', contextPath: '/polite' },
];

export async function start(port: number): Promise<Running> {
  const http = createServer((_request, response) => response.writeHead(404).end());
  const containers = CONTAINERS.map((options) => attach(http, options));
  for (const container of containers) {
    for (const one of [patient, strict, table, prices]) container.addEndpoint(one);
  }
  await new Promise<void>((resolve, reject) => http.once('error', reject).listen(port, resolve));
  return {
    // It listens on a port.
    port: (http.address() as AddressInfo).port,
    async stop() {
      await Promise.all(containers.map((container) => container.stop()));
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

if (require.main === module) void main(start, 'ws://localhost/table');
