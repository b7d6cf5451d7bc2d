// The page: shows the messages of one WebSocket. Text from others is set as textContent, never as markup.

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 10_000;
const VIOLATED_POLICY = 1008;
const LONGEST_LOG = 500;
const ONE_BREATH_MS = 120_000;

const byId = (id) => document.getElementById(id);
const [entrance, joinForm, nameInput, roomInput, problem] = ['entrance', 'join', 'name', 'room', 'problem'].map(byId);
const [chat, roomTitle, state, leaveButton] = ['chat', 'room-title', 'state', 'leave'].map(byId);
const [people, count, log, newestButton] = ['people', 'count', 'log', 'newest'].map(byId);
const [composer, draft, sendButton] = ['composer', 'draft', 'send'].map(byId);

/** Set while the user is in a room: the requested room and name, and the state of the connection. */
let place;
let members = new Set();
let me = '';
let lastSaid;
let unread = 0;

// --- coming and going ---------------------------------------------------------------------------------------------

nameInput.value = localStorage.getItem('name') ?? '';
roomInput.value = new URLSearchParams(location.search).get('room')?.trim() || roomInput.value;
(nameInput.value === '' ? nameInput : joinForm.querySelector('button')).focus();

joinForm.addEventListener('submit', (event) => {
  event.preventDefault();
  const name = nameInput.value.trim();
  const room = roomInput.value.trim();
  if (name === '' || room === '') return;
  localStorage.setItem('name', name);
  history.replaceState(null, '', `/?room=${encodeURIComponent(room)}`);
  place = { name, room, socket: undefined, failures: 0, timer: undefined };
  roomTitle.textContent = room;
  log.replaceChildren();
  lastSaid = undefined;
  showPeople([]);
  problem.textContent = '';
  entrance.hidden = true;
  chat.hidden = false;
  showTitle();
  draft.focus();
  connect();
});

leaveButton.addEventListener('click', () => leave(''));

function leave(reason) {
  clearTimeout(place.timer);
  const { socket } = place;
  place = undefined;
  socket?.close(1000);
  chat.hidden = true;
  entrance.hidden = false;
  problem.textContent = reason;
  showTitle();
  nameInput.focus();
}

// --- the connection -----------------------------------------------------------------------------------------------

function connect() {
  const { name, room } = place;
  clearTimeout(place.timer);
  place.timer = undefined;
  showState(place.failures === 0 ? 'Connecting…' : 'Connection lost, trying again…', false);
  const server = location.origin.replace(/^http/, 'ws');
  const socket = new WebSocket(`${server}/chat/${encodeURIComponent(room)}?name=${encodeURIComponent(name)}`);
  place.socket = socket;
  socket.addEventListener('message', ({ data }) => {
    if (socket === place?.socket) receive(JSON.parse(data));
  });
  socket.addEventListener('close', ({ code, reason }) => {
    if (socket !== place?.socket) return;
    if (code === VIOLATED_POLICY) leave(reason);
    else reconnectLater();
  });
}

/** Each attempt waits twice as long as the last one. Part of it is random, so that pages don't return all at once. */
function reconnectLater() {
  const delay = Math.min(FIRST_DELAY_MS * 2 ** place.failures, LONGEST_DELAY_MS);
  place.failures += 1;
  place.socket = undefined;
  place.timer = setTimeout(connect, delay / 2 + (Math.random() * delay) / 2);
  showState('Connection lost, trying again…', false);
}

// When the network or the reader is back, connect at once.
addEventListener('online', connectNow);
document.addEventListener('visibilitychange', connectNow);

function connectNow() {
  if (place?.timer !== undefined && !document.hidden) connect();
}

function receive(message) {
  switch (message.kind) {
    case 'welcome':
      me = message.you;
      showPeople(message.members);
      if (place.failures > 0) note(`You are back as ${me}`);
      else if (members.size > 1) note(`You joined as ${me}`);
      else note('You are the first one here. Whoever opens the address of this page can join you.');
      place.failures = 0;
      showState(`Connected as ${me}`, true);
      break;
    case 'joined':
      showPeople([...members, message.name]);
      note(`${message.name} joined`);
      break;
    case 'left':
      members.delete(message.name);
      showPeople([...members]);
      note(`${message.name} left`);
      break;
    case 'said':
      said(message);
      break;
    case 'error':
      note(message.problem, 'bad');
      break;
  }
}

// --- writing ------------------------------------------------------------------------------------------------------

composer.addEventListener('submit', (event) => {
  event.preventDefault();
  // If the text can't be sent now, it stays in the field.
  if (sendButton.disabled || draft.value.trim() === '') return;
  place.socket.send(JSON.stringify({ kind: 'say', text: draft.value }));
  draft.value = '';
  draft.focus();
});

draft.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  composer.requestSubmit();
});

// --- showing ------------------------------------------------------------------------------------------------------

function showState(text, isOnline) {
  if (state.textContent !== text) state.textContent = text;
  state.classList.toggle('online', isOnline);
  sendButton.disabled = !isOnline;
}

function showPeople(names) {
  // The user first: on a narrow screen the row may not have room for all.
  members = new Set(names.includes(me) ? [me, ...names] : names);
  count.textContent = String(members.size);
  people.replaceChildren(
    ...[...members].map((name) =>
      element('li', '', face(name), element('span', 'who', name === me ? `${name} (you)` : name)),
    ),
  );
}

function said({ name, text, at }) {
  const isMine = name === me;
  const isMore = lastSaid !== undefined && lastSaid.name === name && at - lastSaid.at < ONE_BREATH_MS;
  const when = new Date(at);
  const time = element('time', '', when.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }));
  time.dateTime = when.toISOString();
  const body = element('div', 'text', text);
  body.dir = 'auto';
  append(
    element(
      'div',
      ['said', isMine && 'mine', isMore && 'more'].filter(Boolean).join(' '),
      face(name),
      element('div', 'byline', element('span', 'who', name), time),
      body,
    ),
    isMine,
  );
  lastSaid = { name, at };
  if (document.hidden) {
    unread += 1;
    showTitle();
  }
}

function note(text, className = '') {
  append(element('p', `note ${className}`, text), false);
  lastSaid = undefined;
}

/** Follows the newest message, unless the user has scrolled up to read. */
function append(line, isMine) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  log.append(line);
  while (log.childElementCount > LONGEST_LOG) log.firstElementChild.remove();
  if (atEnd || isMine) showNewest();
  else newestButton.hidden = false;
}

function showNewest() {
  log.scrollTop = log.scrollHeight;
  newestButton.hidden = true;
}

newestButton.addEventListener('click', () => {
  showNewest();
  log.focus();
});
log.addEventListener('scroll', () => {
  if (log.scrollHeight - log.scrollTop - log.clientHeight < 60) newestButton.hidden = true;
});

document.addEventListener('visibilitychange', () => {
  unread = 0;
  showTitle();
});

function showTitle() {
  const where = place === undefined ? 'Serval chat' : `${place.room} · Serval chat`;
  document.title = unread > 0 ? `(${unread}) ${where}` : where;
}

/** A coloured initial. It is hidden from screen readers, because the name is next to it. */
function face(name) {
  const circle = element('span', 'face', [...name][0]?.toUpperCase() ?? '');
  let hue = 0;
  for (const character of name) hue = (hue * 61 + character.codePointAt(0)) % 360;
  circle.style.setProperty('--hue', String(hue));
  circle.setAttribute('aria-hidden', 'true');
  return circle;
}

/** Strings among the children become text nodes. */
function element(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}
