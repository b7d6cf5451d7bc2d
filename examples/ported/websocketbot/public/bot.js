// A chat in JSON messages: join and chat go out; chat, info and users come in. Text of others never becomes markup.

const LONGEST_LOG = 300;

const byId = (id) => document.getElementById(id);
const [state, join, name, joinButton] = ['state', 'join', 'name', 'join-button'].map(byId);
const [log, users, wire] = ['log', 'users', 'wire'].map(byId);
const [composer, input, sendButton] = ['composer', 'input', 'send'].map(byId);

const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/websocketbot/websocketbot`);

socket.addEventListener('open', () => {
  showState('Connected', true);
  joinButton.disabled = false;
  name.focus();
});
socket.addEventListener('close', () => {
  showState('Disconnected. Load the page again to come back.', false);
  for (const control of [joinButton, input, sendButton]) control.disabled = true;
});
socket.addEventListener('message', ({ data }) => {
  append(wire, element('li', '', `← ${data}`));
  receive(JSON.parse(data));
});

join.addEventListener('submit', (event) => {
  event.preventDefault();
  if (joinButton.disabled || name.value.trim() === '') return;
  name.value = name.value.trim();
  send({ type: 'join', name: name.value });
  join.hidden = true;
  input.disabled = false;
  sendButton.disabled = false;
  input.focus();
  showState(`Connected as ${name.value}`, true);
});

composer.addEventListener('submit', (event) => {
  event.preventDefault();
  if (sendButton.disabled || input.value.trim() === '') return;
  send({ type: 'chat', name: name.value, ...addressed(input.value.trim()) });
  input.value = '';
});

/** Removes the last @name from the text; without one, the message is for everyone. */
function addressed(text) {
  const words = text.split(/\s+/);
  const target = words.findLast((word) => word.startsWith('@'))?.slice(1) ?? '';
  return { target: target.replaceAll(',', ''), message: words.filter((word) => !word.startsWith('@')).join(' ') };
}

function send(message) {
  const json = JSON.stringify(message);
  append(wire, element('li', '', `→ ${json}`));
  socket.send(json);
}

function receive(message) {
  if (message.type === 'users') {
    users.replaceChildren(...message.userlist.map((user) => element('li', '', user)));
  } else if (message.type === 'info') {
    append(log, element('p', 'info', message.info));
  } else if (message.type === 'chat') {
    const target = message.target === '' ? [] : [element('span', 'target', `@${message.target}`), ' '];
    append(log, element('p', '', element('span', 'who', message.name), ': ', ...target, message.message));
  }
}

function append(list, line) {
  list.append(line);
  while (list.childElementCount > LONGEST_LOG) list.firstElementChild.remove();
  list.scrollTop = list.scrollHeight;
}

function showState(text, isOnline) {
  state.textContent = text;
  state.classList.toggle('online', isOnline);
}

/** Strings among the children become text nodes. */
function element(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}
