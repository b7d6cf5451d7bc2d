// The page: logs in by a request, then chats over a connection that reconnects.
import { connect, json } from './serval.mjs';

const [state, users, log, send] = ['state', 'users', 'log', 'send'].map((id) => document.getElementById(id));
const [login, name, password] = ['login', 'name', 'password'].map((id) => document.getElementById(id));
const [composer, to, draft] = ['composer', 'to', 'draft'].map((id) => document.getElementById(id));
let client;

login.addEventListener('submit', async (event) => {
  event.preventDefault();
  const body = JSON.stringify({ username: name.value, password: password.value });
  const response = await fetch('/login', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
  if (!response.ok) return show('That is not the password.', false);
  login.hidden = true;
  client = await connect('/chat/tea', {
    codecs: [json()],
    reconnect: true,
    onOpen: () => show(`Connected as ${name.value}`, true),
    onClose: () => show('Connection lost, trying again…', false),
    messages: {
      present: (message) => (users.textContent = message.users.join(', ')),
      said: ({ from, text }) => note(`${from}: ${text}`),
      whispered: ({ from, text }) => note(`${from} whispers: ${text}`),
      notice: ({ text }) => note(`Notice: ${text}`),
      error: ({ code }) => note(`The server refuses the message: ${code}`),
    },
  });
  draft.focus();
});

composer.addEventListener('submit', (event) => {
  event.preventDefault();
  if (send.disabled) return;
  const text = draft.value;
  client.send(to.value === '' ? { type: 'say', text } : { type: 'whisper', to: to.value, text });
  draft.value = '';
});

function show(text, isOnline) {
  state.textContent = text;
  state.classList.toggle('online', isOnline);
  send.disabled = !isOnline;
}

function note(text) {
  const line = document.createElement('p');
  line.textContent = text;
  log.append(line);
}
