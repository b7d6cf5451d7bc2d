import { endpoint } from 'serval';

/** A room of people, in every host of this folder but NestJS. */
export const chat = endpoint('/rooms/{room}', {
  onOpen: (session) => {
    session.join(session.params.room);
  },
  onText: (text, session) => {
    session.to(session.params.room).send(`${session.user?.getName()}: ${text}`);
  },
});
