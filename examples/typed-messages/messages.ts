import { json } from 'serval';
import { z } from 'zod';

/** The messages of a bidder. */
export const Command = z.discriminatedUnion('type', [
  z.object({ type: z.literal('bid'), euros: z.number().int().positive() }),
  z.object({ type: z.literal('say'), text: z.string().min(1).max(200) }),
]);

/** The messages of the auction. */
export const Event = z.discriminatedUnion('type', [
  z.object({ type: z.literal('price'), euros: z.number() }),
  z.object({ type: z.literal('said'), text: z.string() }),
  z.object({ type: z.literal('error'), message: z.string() }),
]);

/** Both sides import both codecs. Each decodes with one and encodes with the other. */
export const Commands = json(Command, { requests: true, answerErrors: true });
export const Events = json(Event, { requests: true });
