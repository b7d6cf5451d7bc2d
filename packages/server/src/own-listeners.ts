/** Registered, so that another copy of this package in the same process sees it too. */
const OWN = Symbol.for('serval.listener');

/** Marks a listener of ours on a server: all others are those of somebody else. */
export function markAsOwn<T extends object>(listener: T): T {
  return Object.assign(listener, { [OWN]: true });
}

export function isOwnListener(listener: object): boolean {
  return OWN in listener;
}
