// The page: shows the messages of one connection. Text from others is set as textContent, never as markup.
import { connect, json } from './serval.mjs';

const LONGEST_LOG = 500;
const ONE_BREATH_MS = 120_000;

const byId = (id) => document.getElementById(id);
const [entrance, joinForm, nameInput, roomInput, problem] = ['entrance', 'join', 'name', 'room', 'problem'].map(byId);
const [chat, roomTitle, state, leaveButton] = ['chat', 'room-title', 'state', 'leave'].map(byId);
const [people, count, log, newestButton] = ['people', 'count', 'log', 'newest'].map(byId);
const [composer, draft, sendButton] = ['composer', 'draft', 'send'].map(byId);

/** Set while the user is in a room: its name, its client once it has connected, and how to leave. */
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
  place = { room, client: undefined, leaving: new AbortController() };
  roomTitle.textContent = room;
  log.replaceChildren();
  lastSaid = undefined;
  showPeople([]);
  problem.textContent = '';
  entrance.hidden = true;
  chat.hidden = false;
  showTitle();
  draft.focus();
  void talk(place, name);
});

leaveButton.addEventListener('click', () => leave(''));

function leave(reason) {
  place.leaving.abort();
  place = undefined;
  chat.hidden = true;
  entrance.hidden = false;
  problem.textContent = reason;
  showTitle();
  nameInput.focus();
}

// --- the connection -----------------------------------------------------------------------------------------------

/** Connects, and again whenever the connection is lost, until the user leaves or the server refuses the name or room. */
async function talk(here, name) {
  const { room, leaving } = here;
  showState('Connecting…', false);
  try {
    here.client = await connect(`/chat/${encodeURIComponent(room)}?name=${encodeURIComponent(name)}`, {
      codecs: [json(undefined, { discriminator: 'kind' })],
      signal: leaving.signal,
      reconnect: { initialDelay: 500, maxDelay: 10_000, retryInitial: true, delay: waitFor },
      onOpen: (_session, { attempt }) => void (here.isBack = attempt > 0),
      messages,
    });
    const { reason } = await here.client.closed;
    if (here === place) leave(reason);
  } catch (error) {
    if (here === place) leave(error.message);
  }
}

/** Runs when the connection is lost, and when an attempt fails. */
function waitFor({ defaultDelay }) {
  if (defaultDelay !== false) showState('Connection lost, trying again…', false);
  return defaultDelay;
}

/** One function for each kind of message. */
const messages = {
  welcome({ you, members: names }) {
    me = you;
    showPeople(names);
    if (place.isBack) note(`You are back as ${me}`);
    else if (members.size > 1) note(`You joined as ${me}`);
    else note('You are the first one here. Whoever opens the address of this page can join you.');
    showState(`Connected as ${me}`, true);
  },
  joined({ name }) {
    showPeople([...members, name]);
    note(`${name} joined`);
  },
  left({ name }) {
    members.delete(name);
    showPeople([...members]);
    note(`${name} left`);
  },
  said,
  error: ({ problem }) => note(problem, 'bad'),
};

// --- writing ------------------------------------------------------------------------------------------------------

composer.addEventListener('submit', (event) => {
  event.preventDefault();
  // If the text can't be sent now, it stays in the field.
  if (sendButton.disabled || draft.value.trim() === '') return;
  place.client.send({ kind: 'say', text: draft.value });
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
