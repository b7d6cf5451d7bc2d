// The collection by HTTP: each change is a request, and the events of one long answer tell what happens.
import { Board } from './board.js';

const ADDRESS = '/sample-shared-collection/rest/collection';

// One request after the other, as their order matters.
let last = Promise.resolve();
const board = new Board((change) => {
  last = last.then(() => fetch(ADDRESS, { method: 'POST', body: JSON.stringify(change) })).catch(() => undefined);
});
const source = new EventSource(ADDRESS);
source.addEventListener('open', () => board.showState('Connected', true));
source.addEventListener('error', () => board.showState('Connection lost, trying again…', false));
source.addEventListener('update', ({ data }) => board.receive(JSON.parse(data)));
