// Logs in to the auction in the query, shows the server's messages, and sends bids.

const byId = (id) => document.getElementById(id);
const [state, item, description, price] = ['state', 'item', 'description', 'price'].map(byId);
const [time, seconds, result] = ['time', 'seconds', 'result'].map(byId);
const [bidding, bid, sendButton, exit] = ['bidding', 'bid', 'send', 'exit'].map(byId);

const query = new URLSearchParams(location.search);
const id = query.get('id') ?? '0';
const name = query.get('name') ?? '';
const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/sample-auction/auction`);

exit.href = `select.html?${new URLSearchParams({ name })}`;
exit.addEventListener('click', () => {
  if (socket.readyState === WebSocket.OPEN) send('dreq', name);
});

socket.addEventListener('open', () => {
  showState(`You bid as ${name}`, true);
  send('lreq', name);
});
socket.addEventListener('close', () => {
  showState('Connection lost. Load the page again to come back.', false);
  sendButton.disabled = true;
});
socket.addEventListener('message', ({ data }) => receive(...data.split(':')));

bidding.addEventListener('submit', (event) => {
  event.preventDefault();
  if (sendButton.disabled) return;
  send('breq', bid.value);
  bid.value = '';
  bid.focus();
});

function send(type, text) {
  socket.send(`${type}:${id}:${text}`);
}

function receive(type, _id, ...fields) {
  switch (type) {
    case 'lres':
      [item.textContent, description.textContent] = fields;
      document.title = `${fields[0]} · Auction`;
      time.max = Number.parseInt(fields[4], 10);
      showPrice(fields[2]);
      break;
    case 'pres':
      showPrice(fields[0]);
      break;
    case 'ares':
      time.value = Number(fields[0]);
      seconds.textContent = `${fields[0]} seconds`;
      sendButton.disabled = false;
      break;
    case 'rres':
      result.textContent = fields[0];
      result.hidden = false;
      time.value = 0;
      seconds.textContent = 'the auction is over';
      bidding.hidden = true;
      break;
  }
}

function showPrice(text) {
  price.textContent = Number(text).toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

function showState(text, isOnline) {
  state.textContent = text;
  state.classList.toggle('online', isOnline);
}
