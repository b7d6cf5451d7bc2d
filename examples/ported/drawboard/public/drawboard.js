// The page: a board with the server's strokes, and above it the strokes that the server has not answered yet.
import { paint, parseStroke, formatStroke } from './stroke.js';

const KEEP_ALIVE_MS = 30_000;
const PREVIEW_ALPHA = 165;
const KEY_STEP = 10;
const SMALL_KEY_STEP = 1;

const KINDS = [
  ['Brush', 1],
  ['Line', 2],
  ['Rectangle', 3],
  ['Ellipse', 4],
];
const BRUSH = 1;
const THICKNESSES = [2, 3, 6, 10, 16, 28, 50];
const COLOURS = [
  ['Black', '#000000'],
  ['Grey', '#7f7f7f'],
  ['White', '#ffffff'],
  ['Red', '#e02020'],
  ['Orange', '#ff8c00'],
  ['Yellow', '#ffd500'],
  ['Green', '#1f9d3a'],
  ['Teal', '#0e8a8a'],
  ['Blue', '#2050e0'],
  ['Violet', '#8040c0'],
  ['Pink', '#ff6fae'],
  ['Brown', '#8b4a1c'],
];

const byId = (id) => document.getElementById(id);
const [board, tools, state, again] = ['board', 'tools', 'state', 'again'].map(byId);
const shown = board.getContext('2d');
/** The server's strokes, in its order, the same for every player. */
const taken = Object.assign(document.createElement('canvas'), { width: board.width, height: board.height });
const takenContext = taken.getContext('2d');

let socket;
let players = 0;
/** The user's own strokes that the server has not sent back yet, as `{ id, stroke }`. */
let unanswered = [];
let nextId = 1;
/** The unfinished line, rectangle or ellipse. */
let preview;
/** The pen's position, for drawing by keyboard. */
let pen = { x: board.width / 2, y: board.height / 2, isShown: false };
/** The start of the current stroke, or the brush's position. */
let from;

// --- the tools ----------------------------------------------------------------------------------------------------

offer('kind', byId('kinds'), KINDS, () => []);
offer(
  'thickness',
  byId('thicknesses'),
  THICKNESSES.map((pixels) => [`${pixels} pixels`, pixels]),
  (pixels) => [sample('dot', sizeOf(pixels))],
);
offer('colour', byId('colours'), COLOURS, (colour) => [sample('swatch', { background: colour })]);

/** Radio buttons, the first one chosen: each shows a sample, or its name if there is none. */
function offer(name, place, choices, samplesOf) {
  for (const [index, [title, value]] of choices.entries()) {
    const input = document.createElement('input');
    Object.assign(input, { type: 'radio', name, value, checked: index === 0, title });
    input.setAttribute('aria-label', title);
    const samples = samplesOf(value);
    const label = document.createElement('label');
    label.append(input, ...(samples.length > 0 ? samples : [title]));
    place.append(label);
  }
}

/** Thick samples appear smaller than they are, but in order. */
function sizeOf(pixels) {
  const size = `${Math.sqrt(pixels) * 3.6}px`;
  return { width: size, height: size };
}

function sample(className, style) {
  const made = document.createElement('span');
  made.className = className;
  Object.assign(made.style, style);
  return made;
}

function strokeTo(to, alpha = 255) {
  const { kind, thickness, colour } = tools.elements;
  const channel = (at) => parseInt(colour.value.slice(at, at + 2), 16);
  return {
    type: Number(kind.value),
    colour: [channel(1), channel(3), channel(5), alpha],
    thickness: Number(thickness.value),
    x1: from.x,
    y1: from.y,
    x2: to.x,
    y2: to.y,
  };
}

// --- the connection -----------------------------------------------------------------------------------------------

function connect() {
  again.hidden = true;
  show('Connecting…', false);
  socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/examples/websocket/drawboard`);
  const mine = socket;
  // The picture takes a while to decode. Messages that arrive in the meantime wait, in order.
  let turn = Promise.resolve();
  const inOrder = (step) => {
    turn = turn.then(() => (mine === socket ? step() : undefined));
  };
  const keepAlive = setInterval(() => mine.readyState === WebSocket.OPEN && mine.send('0'), KEEP_ALIVE_MS);
  let problem = 'The connection has closed.';
  mine.addEventListener('message', ({ data }) => {
    if (typeof data !== 'string') inOrder(() => receivePicture(data));
    // The server may have joined several messages.
    else
      inOrder(() =>
        data.split(';').forEach((text) => {
          if (text.startsWith('0')) problem = text.slice(1);
          else receive(text);
        }),
      );
  });
  mine.addEventListener('close', () => {
    clearInterval(keepAlive);
    inOrder(() => {
      letGo();
      show(problem, false);
      again.hidden = false;
    });
  });
}

again.addEventListener('click', connect);

function receive(text) {
  const content = text.slice(1);
  switch (text[0]) {
    case '1': {
      let lastId = -1;
      for (const draw of content.split('|')) {
        const { id, stroke } = parseStroke(draw);
        lastId = Math.max(lastId, id);
        paint(takenContext, stroke);
      }
      unanswered = unanswered.filter(({ id }) => id > lastId);
      repaint();
      break;
    }
    case '2':
      players = Number(content);
      break;
    case '3':
      players += content === '+' ? 1 : -1;
      showPlayers();
      break;
  }
}

async function receivePicture(data) {
  const picture = await createImageBitmap(new Blob([data], { type: 'image/png' }));
  takenContext.drawImage(picture, 0, 0);
  picture.close();
  unanswered = [];
  nextId = 1;
  showPlayers();
  repaint();
}

function showPlayers() {
  show(players === 1 ? 'You are alone here; others see what you draw when they come.' : `${players} players`, true);
}

function show(text, isOnline) {
  state.textContent = text;
  state.classList.toggle('online', isOnline);
  board.classList.toggle('off', !isOnline);
}

// --- drawing ------------------------------------------------------------------------------------------------------

board.addEventListener('pointerdown', (event) => {
  if (event.button !== 0 || !event.isPrimary) {
    letGo();
    return;
  }
  pen.isShown = false;
  if (!begin(placeOf(event))) return;
  board.setPointerCapture(event.pointerId);
  // A tap with the brush draws a dot.
  if (isBrush()) move(from);
});

board.addEventListener('pointermove', (event) => {
  if (from === undefined || !event.isPrimary) return;
  // A browser may bundle the pen's moves since the last frame.
  const events = event.getCoalescedEvents?.() ?? [];
  for (const one of events.length > 0 ? events : [event]) move(placeOf(one));
});

board.addEventListener('pointerup', (event) => {
  if (event.isPrimary && from !== undefined && !pen.isShown) end(placeOf(event));
});
board.addEventListener('pointercancel', letGo);

board.addEventListener('keydown', (event) => {
  const step = event.shiftKey ? SMALL_KEY_STEP : KEY_STEP;
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [];
  if (dx !== undefined) {
    pen.x = Math.min(Math.max(pen.x + dx * step, 0), board.width);
    pen.y = Math.min(Math.max(pen.y + dy * step, 0), board.height);
    if (from !== undefined) move(pen);
  } else if (event.key === ' ') {
    if (from !== undefined) end(pen);
    else if (begin(pen) && isBrush()) move(pen);
  } else if (event.key === 'Escape') {
    letGo();
  } else {
    return;
  }
  event.preventDefault();
  pen.isShown = true;
  repaint();
});
board.addEventListener('blur', () => {
  pen.isShown = false;
  letGo();
});

function isBrush() {
  return Number(tools.elements.kind.value) === BRUSH;
}

/** The canvas may appear smaller than it is. */
function placeOf(event) {
  const box = board.getBoundingClientRect();
  const scaled = (value, size, shownSize) => Math.round((value * size * 10) / shownSize) / 10;
  return {
    x: scaled(event.clientX - box.left - board.clientLeft, board.width, board.clientWidth),
    y: scaled(event.clientY - box.top - board.clientTop, board.height, board.clientHeight),
  };
}

function begin({ x, y }) {
  if (socket?.readyState !== WebSocket.OPEN || board.classList.contains('off')) return false;
  from = { x, y };
  return true;
}

function move({ x, y }) {
  if (isBrush()) {
    send(strokeTo({ x, y }));
    from = { x, y };
  } else {
    preview = strokeTo({ x, y }, PREVIEW_ALPHA);
  }
  repaint();
}

function end({ x, y }) {
  // Each piece of a brush stroke contains both its ends, so the last one is already complete.
  if (!isBrush() || x !== from.x || y !== from.y) send(strokeTo({ x, y }));
  letGo();
}

function letGo() {
  from = undefined;
  preview = undefined;
  repaint();
}

/** Shows the stroke at once, and in the server's order when it comes back. */
function send(stroke) {
  if (socket.readyState !== WebSocket.OPEN) return;
  const id = nextId++;
  unanswered.push({ id, stroke });
  socket.send(`1${id}|${formatStroke(stroke)}`);
}

/** Once per frame, however many messages arrived. */
let isRepainting = false;
function repaint() {
  if (isRepainting) return;
  isRepainting = true;
  requestAnimationFrame(() => {
    isRepainting = false;
    shown.drawImage(taken, 0, 0);
    for (const { stroke } of unanswered) paint(shown, stroke);
    if (preview !== undefined) paint(shown, preview);
    if (pen.isShown) paintPen();
  });
}

function paintPen() {
  shown.save();
  shown.lineWidth = 1;
  for (const [colour, radius] of [
    ['#fff', 7],
    ['#000', 8],
  ]) {
    shown.strokeStyle = colour;
    shown.beginPath();
    shown.arc(pen.x, pen.y, radius, 0, 2 * Math.PI);
    shown.stroke();
  }
  shown.restore();
}

takenContext.fillStyle = '#fff';
takenContext.fillRect(0, 0, taken.width, taken.height);
repaint();
connect();
