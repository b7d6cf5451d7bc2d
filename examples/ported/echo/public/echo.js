// Connects to one of the four endpoints and shows the sent messages, the answers, and the end.

const LONGEST_LOG = 25;

const byId = (id) => document.getElementById(id);
const [state, connect, variants, connectButton] = ['state', 'connect', 'variants', 'connect-button'].map(byId);
const [disconnect, composer, message, echo, log] = ['disconnect', 'composer', 'message', 'echo', 'log'].map(byId);

let socket;

connect.addEventListener('submit', (event) => {
  event.preventDefault();
  const variant = connect.elements.namedItem('variant').value;
  socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/examples/websocket/${variant}`);
  showState('Connecting…', false, true);
  socket.addEventListener('open', () => {
    showState(`Connected to ${variant}`, true, true);
    message.focus();
  });
  socket.addEventListener('message', ({ data }) => show(`Received: ${data}`));
  socket.addEventListener('close', ({ code, reason }) => {
    showState('Not connected', false, false);
    show(`Closed with ${code}${reason && `, ${reason}`}`, 'event');
  });
});

disconnect.addEventListener('click', () => socket.close());
addEventListener('pagehide', () => socket?.close(1000));

composer.addEventListener('submit', (event) => {
  event.preventDefault();
  if (echo.disabled) return;
  show(`Sent: ${message.value}`);
  socket.send(message.value);
});

function showState(text, isOnline, isBusy) {
  state.textContent = text;
  state.classList.toggle('online', isOnline);
  echo.disabled = !isOnline;
  disconnect.disabled = !isBusy;
  connectButton.disabled = isBusy;
  variants.disabled = isBusy;
}

function show(text, className = '') {
  const line = document.createElement('p');
  line.textContent = text;
  line.className = className;
  log.append(line);
  while (log.childElementCount > LONGEST_LOG) log.firstElementChild.remove();
  log.scrollTop = log.scrollHeight;
}
