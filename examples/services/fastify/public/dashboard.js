// The page: shows snapshots over a connection that reconnects, and sends a file as one message.
import { connect, json } from './serval.mjs';

const [state, load, memory, number] = ['state', 'load', 'memory', 'number'].map((id) => document.getElementById(id));
const [upload, file, answer] = ['upload', 'file', 'answer'].map((id) => document.getElementById(id));

/** The address with a new token, which each attempt to connect gets. */
const withToken = (path) => async () => `${path}?token=${await (await fetch('/token/ann')).text()}`;

connect(withToken('/dashboard'), {
  codecs: [json()],
  reconnect: true,
  onOpen: () => show('Connected', true),
  onClose: () => show('Connection lost, trying again…', false),
  onMessage(snapshot) {
    load.value = snapshot.load.toFixed(2);
    memory.value = snapshot.megabytes.toFixed(0);
    number.value = snapshot.number;
  },
});

upload.addEventListener('submit', async (event) => {
  event.preventDefault();
  const [{ name }] = file.files;
  const client = await connect(withToken(`/uploads/${encodeURIComponent(name)}`), {
    codecs: [json()],
    onMessage({ stored }, session) {
      answer.textContent = `${name}: ${stored} bytes are on the disk.`;
      session.close();
    },
  });
  await client.send(await file.files[0].arrayBuffer());
});

function show(text, isOnline) {
  state.textContent = text;
  state.classList.toggle('online', isOnline);
}
