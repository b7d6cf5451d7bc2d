// Draws what the server sends each second. No library: a chart is a polyline.

const SECONDS = 120;
const DISHES = ['tea', 'tea', 'tea', 'soup', 'soup', 'roast'];
const at = (path) => `${location.origin.replace('http', 'ws')}${path}`;
const byId = (id) => document.getElementById(id);

/** A panel with one or two lines. */
class Chart {
  #lines = [];
  #points;
  #value;

  constructor(title, unit, names) {
    this.unit = unit;
    const panel = document.createElement('section');
    panel.className = 'panel chart';
    const heading = document.createElement('h2');
    this.#value = document.createElement('output');
    heading.append(title, this.#value);
    const svg = element('svg', { viewBox: '0 0 120 60', preserveAspectRatio: 'none', role: 'img' });
    svg.setAttribute('aria-label', title);
    for (const y of [1, 30, 59]) svg.append(element('line', { class: 'grid', x1: 0, x2: 120, y1: y, y2: y }));
    const key = document.createElement('p');
    key.className = 'key';
    names.forEach((name, index) => {
      const line = element('polyline', { class: index === 0 ? 'first' : 'second' });
      svg.append(line);
      this.#lines.push(line);
      const label = document.createElement('span');
      label.className = index === 0 ? 'first' : 'second';
      label.textContent = name;
      key.append(label);
    });
    this.#points = names.map(() => []);
    panel.append(heading, svg, key);
    byId('charts').append(panel);
  }

  add(...values) {
    values.forEach((value, index) => {
      this.#points[index].push(value);
      if (this.#points[index].length > SECONDS) this.#points[index].shift();
    });
    const top = Math.max(1, ...this.#points.flat()) * 1.1;
    this.#points.forEach((points, index) => {
      const from = SECONDS - points.length;
      const place = (value, second) => `${from + second},${(59 - (value / top) * 58).toFixed(2)}`;
      this.#lines[index].setAttribute('points', points.map(place).join(' '));
    });
    this.#value.textContent = values.map((value) => `${format(value)} ${this.unit}`).join(' · ');
  }
}

function element(name, attributes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function format(value) {
  return value >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
}

/** The duration that the share of the new messages did not exceed, in milliseconds, from the buckets of two times. */
function quantile(share, before, now) {
  const fresh = now.map(([le, count], index) => [Number(le), count - (before[index]?.[1] ?? 0)]);
  const total = fresh.at(-1)?.[1] ?? 0;
  if (total === 0) return 0;
  let lower = 0;
  let below = 0;
  for (const [le, count] of fresh) {
    if (count >= share * total) {
      // Even within a bucket, as Prometheus assumes.
      const part = (share * total - below) / Math.max(1, count - below);
      return (le === Infinity ? lower : lower + (le - lower) * part) * 1000;
    }
    lower = le;
    below = count;
  }
  return lower * 1000;
}

function fill(id, counts) {
  const rows = Object.entries(counts).map(([name, count]) => {
    const row = document.createElement('tr');
    for (const text of [name, count]) row.insertCell().textContent = text;
    return row;
  });
  byId(id).replaceChildren(...rows);
}

const charts = {
  sessions: new Chart('Sessions', '', ['open']),
  messages: new Chart('Messages', '/s', ['received', 'sent']),
  handlers: new Chart('Handler duration', 'ms', ['median', '99 %']),
  errors: new Chart('Handler errors', '/s', ['errors']),
  queue: new Chart('Queued for slow peers', 'bytes', ['queued']),
  loop: new Chart('Event-loop delay', 'ms', ['99 %']),
};

let before;

function draw(now) {
  const since = before ?? now;
  charts.sessions.add(now.sessions);
  charts.messages.add(now.receivedTotal - since.receivedTotal, now.sentTotal - since.sentTotal);
  charts.handlers.add(quantile(0.5, since.handlers, now.handlers), quantile(0.99, since.handlers, now.handlers));
  charts.errors.add(now.errorsTotal - since.errorsTotal);
  charts.queue.add(now.queuedBytes);
  charts.loop.add(now.loopDelayMs);
  for (const id of ['closes', 'refusals', 'limits']) fill(id, now[id]);
  before = now;
}

function watch() {
  const live = new WebSocket(at('/live'));
  live.onopen = () => (byId('state').textContent = 'Live, once a second');
  live.onmessage = ({ data }) => draw(JSON.parse(data));
  live.onclose = () => {
    byId('state').textContent = 'The server is away. Trying again…';
    setTimeout(watch, 1000 + Math.random() * 1000);
  };
}

/** The tables of this page, each an open WebSocket. */
const tables = new Set();

function seat(number) {
  const socket = new WebSocket(at(`/kitchen/${number}`));
  const order = () => {
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(DISHES[Math.floor(Math.random() * DISHES.length)]);
    setTimeout(order, 100 + Math.random() * 400);
  };
  socket.onopen = order;
  socket.onclose = () => {
    tables.delete(socket);
    showTables();
  };
  tables.add(socket);
  showTables();
}

function showTables() {
  byId('tables').textContent = `${tables.size} tables`;
}

function once(path, use) {
  const socket = new WebSocket(at(path));
  socket.onopen = () => use(socket);
}

byId('arrive').onclick = () => {
  for (let count = 0; count < 10; count += 1) seat(tables.size + 1);
};
byId('leave').onclick = () => {
  for (const socket of tables) socket.close(1000, 'thank you');
};
byId('lost').onclick = () => new WebSocket(at('/Kitchen/1'));
byId('large').onclick = () => once('/kitchen/0', (socket) => socket.send('Dear chef, '.repeat(100)));
byId('unknown').onclick = () =>
  once('/kitchen/0', (socket) => {
    socket.onmessage = () => socket.close(1000);
    socket.send('unicorn');
  });

watch();
