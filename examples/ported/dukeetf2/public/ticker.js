// Shows the endpoint's messages: `100.25 / 301250`, each second.

const LONGEST_HISTORY = 60;
const RETRY_MS = 2000;
const [WIDTH, HEIGHT] = [600, 120];

const byId = (id) => document.getElementById(id);
const [state, price, change, volume, line] = ['state', 'price', 'change', 'volume', 'line'].map(byId);
const prices = [];

connect();

function connect() {
  const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/dukeetf2/dukeetf`);
  socket.addEventListener('open', () => showState('Connected', true));
  socket.addEventListener('message', ({ data }) => show(...data.split(' / ').map(Number)));
  socket.addEventListener('close', () => {
    showState('Connection lost, trying again…', false);
    setTimeout(connect, RETRY_MS);
  });
}

function show(newPrice, newVolume) {
  const step = newPrice - (prices.at(-1) ?? newPrice);
  prices.push(newPrice);
  if (prices.length > LONGEST_HISTORY) prices.shift();
  price.textContent = newPrice.toFixed(2);
  volume.textContent = newVolume.toLocaleString('en');
  change.textContent = step === 0 ? '' : `${step > 0 ? '▲' : '▼'} ${Math.abs(step).toFixed(2)}`;
  change.classList.toggle('down', step < 0);
  line.setAttribute('points', points());
}

/** The newest price is at the right; lowest and highest fill the height. */
function points() {
  const [low, high] = [Math.min(...prices), Math.max(...prices)];
  const y = (value) => (high === low ? HEIGHT / 2 : HEIGHT - 6 - ((value - low) / (high - low)) * (HEIGHT - 12));
  const x = (index) => WIDTH - ((prices.length - 1 - index) * WIDTH) / (LONGEST_HISTORY - 1);
  return prices.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
}

function showState(text, isOnline) {
  state.textContent = text;
  state.classList.toggle('online', isOnline);
}
