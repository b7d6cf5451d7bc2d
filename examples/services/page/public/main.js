// The page, for a bundler: Vite builds this folder, and the example's server uses esbuild.
import { open } from '../serval';

const [state, composer, draft, log] = ['state', 'composer', 'draft', 'log'].map((id) => document.getElementById(id));

const client = await open(location.origin, {
  online: () => showState('Connected', true),
  away: () => showState('Connection lost, trying again…', false),
  show(text) {
    const line = document.createElement('p');
    line.textContent = text;
    log.append(line);
  },
});

composer.addEventListener('submit', (event) => {
  event.preventDefault();
  // While the connection is away, it waits.
  client.send(draft.value);
  draft.value = '';
});

function showState(text, isOnline) {
  state.textContent = text;
  state.classList.toggle('online', isOnline);
}
