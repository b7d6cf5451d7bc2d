import { IllegalArgumentException, IOException, type Session } from 'serval';
import { printStackTrace } from '../../common/error-reporter';

const INTENDED = 'TCK INTENDED ERROR';

/**
 * Every endpoint of this application handles a text in this way: it answers with the path parameters that `@OnOpen` saw,
 * or with those that `@OnMessage` sees, or it fails, so that `@OnError` answers with those that it sees.
 */
export function perform(operation: string, atOpen: string, now: string): string {
  switch (operation) {
    case 'OPEN':
      return atOpen;
    case 'MESSAGE':
      return now;
    case 'IOEXCEPTION':
      throw new IOException(INTENDED);
    case 'RUNTIMEEXCEPTION':
      throw new Error(INTENDED);
    default:
      throw new IllegalArgumentException(`There is no operation ${operation}.`);
  }
}

/** The answer of `@OnError`. */
export async function answerError(session: Session, thrown: Error, pathParameters: string): Promise<void> {
  const isIntended = thrown.message === INTENDED;
  await session.getBasicRemote().sendText(isIntended ? pathParameters : printStackTrace(thrown));
}
