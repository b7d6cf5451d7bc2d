import { OnClose, OnError, OnMessage, OnOpen, Reader, ServerEndpoint, Session } from 'serval';
import { parseChange } from './change';
import { sharedCollection } from './shared-collection';

@ServerEndpoint('/ws/collection')
export class SharedCollectionEndpoint {
  private stopListening: () => void = () => undefined;

  @OnOpen
  onOpen(session: Session): void {
    const remote = session.getAsyncRemote();
    // It waits for no slow session, and a failed send doesn't affect the others.
    this.stopListening = sharedCollection.listen((json) => void remote.sendText(json));
  }

  @OnMessage
  async onMessage(message: Reader): Promise<void> {
    sharedCollection.apply(parseChange(await message.readAll()));
  }

  @OnClose
  onClose(): void {
    this.stopListening();
  }

  /** Logs a message that is not a change; the session goes on. */
  @OnError
  onError(error: Error): void {
    console.error('Not a change.', error);
  }
}
