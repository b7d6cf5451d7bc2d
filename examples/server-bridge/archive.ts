import { OnMessage, ServerEndpoint } from 'serval';

/** Stores readings by their number, so that a duplicate is stored once, and acknowledges each. */
@ServerEndpoint('/archive')
export class Archive {
  /** In memory, for the example: it outlives the server, as a database would. */
  static readonly stored = new Map<string, string>();

  @OnMessage
  store(message: string): string {
    const [number = '', reading = ''] = message.split(' ', 2);
    Archive.stored.set(number, reading);
    return number;
  }
}
