// Both pages share this: the table of the entries, and the form. The server decides, also for the user's own changes.

const byId = (id) => document.getElementById(id);
const [state, table, entry, key, value, clear] = ['state', 'board', 'entry', 'key', 'value', 'clear'].map(byId);

export class Board {
  #rows = new Map();
  #send;

  /** @param send receives each change made here */
  constructor(send) {
    this.#send = send;
    entry.addEventListener('submit', (event) => {
      event.preventDefault();
      send({ event: 'put', key: key.value, value: value.value });
    });
    value.addEventListener('input', () => {
      if (key.value !== '') send({ event: 'put', key: key.value, value: value.value });
    });
    clear.addEventListener('click', () => send({ event: 'clear' }));
  }

  receive(message) {
    switch (message.event) {
      case 'init':
        this.#clear();
        for (const [name, text] of Object.entries(message.map)) this.#put(name, text);
        break;
      case 'put':
        this.#put(message.key, message.value);
        break;
      case 'remove':
        this.#rows.get(message.key)?.row.remove();
        this.#rows.delete(message.key);
        break;
      case 'clear':
        this.#clear();
        break;
    }
  }

  showState(text, isOnline) {
    state.textContent = text;
    state.classList.toggle('online', isOnline);
  }

  #clear() {
    this.#rows.clear();
    table.replaceChildren();
  }

  #put(name, text) {
    if (!this.#rows.has(name)) this.#rows.set(name, this.#addRow(name));
    this.#rows.get(name).cell.textContent = text;
  }

  #addRow(name) {
    const row = table.insertRow();
    const heading = document.createElement('th');
    heading.scope = 'row';
    heading.textContent = name;
    row.append(heading);
    const cell = row.insertCell();
    row.insertCell().append(
      button('Edit', name, () => {
        key.value = name;
        value.value = cell.textContent;
        value.focus();
      }),
      ' ',
      button('Remove', name, () => this.#send({ event: 'remove', key: name })),
    );
    return { row, cell };
  }
}

function button(label, name, act) {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = 'plain';
  made.textContent = label;
  made.setAttribute('aria-label', `${label} ${name}`);
  made.addEventListener('click', act);
  return made;
}
