import type { Duplex } from 'node:stream';
import { Deadline } from '@serval/api/spi';

/**
 * Calls `answer` when nobody has answered the request of a stream in time. The stream is only looked at: it is that of
 * another listener.
 *
 * @param isAnswered looked at when the time is over
 */
export function whenUnanswered(stream: Duplex, isAnswered: () => boolean, ms: number, answer: () => void): void {
  const gone = (): void => deadline.clear();
  const deadline = new Deadline(ms, () => {
    stream.off('close', gone);
    if (!stream.destroyed && !isAnswered()) answer();
  });
  stream.once('close', gone);
}
