// Requests the auctions, and makes a link for each: xres:0:-0-Lamp-1-Globe-

const [state, auctions] = ['state', 'auctions'].map((id) => document.getElementById(id));
const name = new URLSearchParams(location.search).get('name') ?? '';
const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/sample-auction/auction`);

socket.addEventListener('open', () => {
  state.textContent = `Welcome, ${name}`;
  state.classList.add('online');
  socket.send('xreq:0:selectList');
});
socket.addEventListener('close', () => {
  if (auctions.childElementCount > 0) return;
  state.textContent = 'Connection lost. Load the page again.';
  state.classList.remove('online');
});
socket.addEventListener('message', ({ data }) => {
  const [type, , list] = data.split(':');
  if (type !== 'xres') return;
  const entries = list.split('-').slice(1, -1);
  for (let index = 0; index < entries.length; index += 2) {
    const link = document.createElement('a');
    link.href = `auction.html?${new URLSearchParams({ id: entries[index], name })}`;
    link.textContent = entries[index + 1];
    const item = document.createElement('li');
    item.append(link);
    auctions.append(item);
  }
  socket.close(1000);
});
