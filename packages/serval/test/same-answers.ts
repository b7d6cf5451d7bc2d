import { CloseReason, OnError, OnMessage, OnOpen, PathParam, ServerEndpoint, Session } from 'serval';

/** One answer for each thing that a peer can say. */
@ServerEndpoint('/answers/{name}')
export class Answers {
  @OnOpen open(session: Session, @PathParam('name') name: string): Promise<void> {
    return session.getBasicRemote().sendText(`hello ${name}`);
  }
  @OnMessage async text(text: string, session: Session): Promise<string | undefined> {
    if (text === 'close') {
      await session.close(new CloseReason(4000, 'as you wish ✓'));
      return undefined;
    }
    if (text === 'fail') throw new Error('failed');
    return `you said ${text}`;
  }
  @OnMessage binary(bytes: Buffer): Buffer {
    return Buffer.from(bytes).reverse();
  }
  @OnError error(cause: Error, session: Session): Promise<void> {
    return session.getBasicRemote().sendText(`error ${cause.message}`);
  }
}

/** The messages of every client, and the answers that each must receive, in order. */
export const SAID = ['zwei ✓ 𝄞', Uint8Array.of(1, 2, 3), 'fail', '', 'x'.repeat(200), 'close'] as const;
export const HEARD = [
  'hello Ann B/C',
  'you said zwei ✓ 𝄞',
  '030201',
  'error failed',
  'you said ',
  `you said ${'x'.repeat(200)}`,
  '4000 as you wish ✓',
];
export const PATH = '/answers/Ann%20B%2FC';
