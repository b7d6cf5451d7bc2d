import { json } from 'serval';
import { z } from 'zod';

const SHAPE = 'A message looks like {"kind":"say","text":"hello"}.';
const LENGTH = 'A text has 1 to 1000 characters.';

/** A message from a page. An issue's text goes to the page that sent the message. */
const Say = z.object(
  { kind: z.literal('say', SHAPE), text: z.string(SHAPE).trim().min(1, LENGTH).max(1000, LENGTH) },
  SHAPE,
);
export type ClientMessage = z.infer<typeof Say>;

/** A message from the server. */
export type ServerMessage =
  /** The first message: the newcomer's final name, and everyone in the room. */
  | { readonly kind: 'welcome'; readonly you: string; readonly members: readonly string[] }
  | { readonly kind: 'joined'; readonly name: string }
  | { readonly kind: 'left'; readonly name: string }
  /** `at` is in milliseconds since 1970. */
  | { readonly kind: 'said'; readonly name: string; readonly text: string; readonly at: number }
  /** Only for the sender of an invalid message. */
  | { readonly kind: 'error'; readonly problem: string };

export const ClientMessages = json(Say, { discriminator: 'kind' });
export const ServerMessages = json<ServerMessage>();
