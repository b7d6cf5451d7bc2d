import { setTimeout as sleep } from 'node:timers/promises';
import { endpoint } from 'serval';

/** How long each dish takes, in milliseconds. */
const DISHES = new Map([
  ['tea', 2],
  ['soup', 20],
  ['roast', 120],
]);

/** The endpoint that is measured: a table orders, and the kitchen answers when the dish is ready. */
export const kitchen = endpoint('/kitchen/{table}', {
  async onText(dish, session) {
    const time = DISHES.get(dish);
    if (time === undefined) throw new Error(`There is no ${dish} on the menu.`);
    await sleep(time * (0.5 + Math.random()));
    return `${dish} for table ${session.params.table}`;
  },
  onError: (error, session) => session.send(`Sorry: ${error.message}`),
});
