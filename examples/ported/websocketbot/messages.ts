/** From a page: a visitor chooses a name. */
export class JoinMessage {
  readonly type = 'join';

  constructor(readonly name: string) {}
}

/** In both directions: a message to `target`, or to everyone if that is empty. */
export class ChatMessage {
  readonly type = 'chat';

  constructor(
    readonly name: string,
    readonly target: string,
    readonly message: string,
  ) {}
}

/** To the pages: an event. */
export class InfoMessage {
  readonly type = 'info';

  constructor(readonly info: string) {}
}

/** To the pages: the users, Duke first. */
export class UsersMessage {
  readonly type = 'users';

  constructor(readonly userlist: readonly string[]) {}
}

/** The messages that a page may send. */
export type Message = JoinMessage | ChatMessage;
