import { z } from 'zod';

/** The messages of a page. */
export const Command = z.discriminatedUnion('type', [
  z.object({ type: z.literal('say'), text: z.string().min(1).max(500) }),
  z.object({ type: z.literal('whisper'), to: z.string(), text: z.string().min(1).max(500) }),
]);

/** The messages of the server. */
export type Event =
  | { type: 'present'; users: string[] }
  | { type: 'said'; from: string; text: string }
  | { type: 'whispered'; from: string; text: string }
  | { type: 'notice'; text: string }
  | { type: 'error'; code: string };

/** The same for Socket.IO, which names the events of both directions. */
export type ClientEvents = {
  [Type in z.infer<typeof Command>['type']]: (message: Extract<z.infer<typeof Command>, { type: Type }>) => void;
};
export type ServerEvents = {
  [Type in Event['type']]: (message: Omit<Extract<Event, { type: Type }>, 'type'>) => void;
};
