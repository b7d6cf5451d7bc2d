// Draws the snakes at the server's positions, and sends the player's directions.

const GRID_SIZE = 10;
const HEARTBEAT_MS = 5000;
const LONGEST_LOG = 25;
const KEYS = { ArrowLeft: 'west', ArrowUp: 'north', ArrowRight: 'east', ArrowDown: 'south' };
const OPPOSITE = { west: 'east', east: 'west', north: 'south', south: 'north' };

const [state, playground, directions, count, log] = ['state', 'playground', 'directions', 'count', 'log'].map((id) =>
  document.getElementById(id),
);
const context = playground.getContext('2d');

/** Colours by the id of the snake. */
const colors = new Map();
let direction = 'none';
let heartbeat;

const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/examples/websocket/snake`);

socket.addEventListener('open', () => {
  showState('Connected', true);
  // The server ignores it; proxies along the way see that the connection is alive.
  heartbeat = setInterval(() => socket.send('ping'), HEARTBEAT_MS);
});
socket.addEventListener('close', () => {
  clearInterval(heartbeat);
  showState('Disconnected. Load the page again to come back.', false);
});
socket.addEventListener('message', ({ data }) => receive(JSON.parse(data)));
addEventListener('pagehide', () => socket.close(1000));

addEventListener('keydown', (event) => {
  const wanted = KEYS[event.key];
  if (wanted === undefined) return;
  event.preventDefault();
  go(wanted);
});
directions.addEventListener('click', ({ target }) => {
  const button = target.closest('button');
  if (button !== null) go(button.value);
});

/** A reversed snake would run into itself. */
function go(wanted) {
  if (socket.readyState !== WebSocket.OPEN || wanted === direction || wanted === OPPOSITE[direction]) return;
  direction = wanted;
  socket.send(wanted);
}

function receive(packet) {
  switch (packet.type) {
    case 'join':
      for (const { id, color } of packet.data) colors.set(id, color);
      count.textContent = colors.size;
      break;
    case 'update':
      draw(packet.data);
      break;
    case 'leave':
      colors.delete(packet.id);
      count.textContent = colors.size;
      break;
    case 'dead':
      direction = 'none';
      show('Your snake is dead. Press an arrow key to begin again.');
      break;
    case 'kill':
      show('A snake has run into yours: you grow.');
      break;
  }
}

function draw(snakes) {
  context.clearRect(0, 0, playground.width, playground.height);
  for (const { id, body } of snakes) {
    context.fillStyle = colors.get(id) ?? '#fff';
    for (const { x, y } of body) context.fillRect(x, y, GRID_SIZE, GRID_SIZE);
  }
}

function showState(text, isOnline) {
  state.textContent = text;
  state.classList.toggle('online', isOnline);
  for (const button of directions.querySelectorAll('button')) button.disabled = !isOnline;
}

function show(text) {
  const line = document.createElement('p');
  line.textContent = text;
  log.append(line);
  while (log.childElementCount > LONGEST_LOG) log.firstElementChild.remove();
  log.scrollTop = log.scrollHeight;
}
