/** What comes from a page: someone takes a name. */
export class JoinMessage {
  readonly type = 'join';

  constructor(readonly name: string) {}
}

/** Goes both ways: someone says something, to `target` or, where that is empty, to everyone. */
export class ChatMessage {
  readonly type = 'chat';

  constructor(
    readonly name: string,
    readonly target: string,
    readonly message: string,
  ) {}
}

/** What goes to the pages: something has happened. */
export class InfoMessage {
  readonly type = 'info';

  constructor(readonly info: string) {}
}

/** What goes to the pages: who is there now, Duke first. */
export class UsersMessage {
  readonly type = 'users';

  constructor(readonly userlist: readonly string[]) {}
}

/** What a page may send. */
export type Message = JoinMessage | ChatMessage;
