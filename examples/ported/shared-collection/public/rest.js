// The collection over HTTP: each change is a request, and one long answer streams the changes as events.
import { Board } from './board.js';

const ADDRESS = '/sample-shared-collection/rest/collection';

// One request after the other, because their order matters.
let last = Promise.resolve();
const board = new Board((change) => {
  last = last.then(() => fetch(ADDRESS, { method: 'POST', body: JSON.stringify(change) })).catch(() => undefined);
});
const source = new EventSource(ADDRESS);
source.addEventListener('open', () => board.showState('Connected', true));
source.addEventListener('error', () => board.showState('Connection lost, trying again…', false));
source.addEventListener('update', ({ data }) => board.receive(JSON.parse(data)));
