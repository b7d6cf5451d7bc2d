// Lines of text in, lines of text out. The server escapes them for a page that inserts HTML; this page sets text.

const LONGEST_LOG = 100;
const CHARACTERS = { '&lt;': '<', '&gt;': '>', '&amp;': '&', '&quot;': '"' };

const [state, log, composer, draft, send] = ['state', 'log', 'composer', 'draft', 'send'].map((id) =>
  document.getElementById(id),
);

const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/examples/websocket/chat`);

socket.addEventListener('open', () => {
  showState('Connected', true);
  draft.focus();
});
socket.addEventListener('close', () => showState('Disconnected. Load the page again to come back.', false));
socket.addEventListener('message', ({ data }) => {
  const line = document.createElement('p');
  line.textContent = data.replace(/&(lt|gt|amp|quot);/g, (entity) => CHARACTERS[entity]);
  line.className = data.startsWith('* ') || data.startsWith('Skipped [') ? 'event' : '';
  log.append(line);
  while (log.childElementCount > LONGEST_LOG) log.firstElementChild.remove();
  log.scrollTop = log.scrollHeight;
});
addEventListener('pagehide', () => socket.close(1000));

composer.addEventListener('submit', (event) => {
  event.preventDefault();
  if (send.disabled || draft.value === '') return;
  socket.send(draft.value);
  draft.value = '';
});

function showState(text, isOnline) {
  state.textContent = text;
  state.classList.toggle('online', isOnline);
  draft.disabled = !isOnline;
  send.disabled = !isOnline;
}
