import {
  ClientEndpoint,
  CloseReason,
  DeploymentException,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  Session,
  type ErrorCode,
} from 'serval';
import { context } from '../applications/spec-annotation-inheritance';
import { kitSuite, type KitTest } from './kit-suite';
import { RecordingClient, says } from './recording-endpoints';

const MESSAGE = 'message';

/** All handlers, but no class annotation. */
class AnnotatedMethods extends RecordingClient {
  constructor() {
    super(says.text(MESSAGE));
  }

  @OnMessage
  onMessage(text: string): void {
    this.heard.message(text);
  }
}

@ClientEndpoint
class Inheriting extends AnnotatedMethods {}

@ClientEndpoint
class Overriding extends AnnotatedMethods {
  @OnOpen
  override async onOpen(session: Session): Promise<void> {
    await super.onOpen(session);
  }

  @OnMessage
  override onMessage(text: string): void {
    super.onMessage(`overridden ${text}`);
  }

  @OnClose
  override onClose(session: Session, reason: CloseReason): void {
    super.onClose(session, reason);
  }

  @OnError
  override onError(session: Session, thrown: Error): void {
    super.onError(session, thrown);
  }
}

@ClientEndpoint
class TwoOnMessage extends AnnotatedMethods {
  @OnMessage
  gotMessage(text: string): void {
    super.onMessage(text);
  }
}

@ClientEndpoint
class TwoOnOpen extends AnnotatedMethods {
  @OnOpen
  async open(session: Session): Promise<void> {
    await super.onOpen(session);
  }
}

@ClientEndpoint
class TwoOnClose extends AnnotatedMethods {
  @OnClose
  close(session: Session, reason: CloseReason): void {
    super.onClose(session, reason);
  }
}

@ClientEndpoint
class TwoOnError extends AnnotatedMethods {
  @OnError
  gotError(session: Session, thrown: Error): void {
    super.onError(session, thrown);
  }
}

/** The kit's test passes as well when nothing is thrown. */
function isRefused(annotation: string, endpoint: new () => RecordingClient, code: ErrorCode): KitTest {
  return {
    claim: `a second method with ${annotation}, beside an inherited one, is refused with a DeploymentException`,
    run: async (application) => {
      const client = new endpoint();
      const error = await application.connect('/echo', client).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(DeploymentException);
      expect((error as DeploymentException).code).toBe(code);
      expect([client.heard.messages, client.heard.errors]).toEqual([[], []]);
    },
  };
}

kitSuite('spec.annotation.inheritance.WSCClientIT', context, {
  annotationOnMethodIsInheritedTest: {
    claim: 'annotated methods of a superclass are the endpoint’s',
    run: (application) => application.converse('/echo', new Inheriting(), [MESSAGE]),
  },
  annotationOnMethodIsOverridenTest: {
    claim: 'an annotated method that overrides another one takes its place',
    run: (application) => application.converse('/echo', new Overriding(), [`overridden ${MESSAGE}`]),
  },
  annotationOnMessageIsTwiceTest: isRefused('@OnMessage', TwoOnMessage, 'WS_DEPLOY_DUPLICATE_HANDLER'),
  annotationOnOpenIsTwiceTest: isRefused('@OnOpen', TwoOnOpen, 'WS_DEPLOY_DUPLICATE_HANDLER'),
  annotationOnCloseIsTwiceTest: isRefused('@OnClose', TwoOnClose, 'WS_DEPLOY_DUPLICATE_HANDLER'),
  annotationOnErrorIsTwiceTest: isRefused('@OnError', TwoOnError, 'WS_DEPLOY_DUPLICATE_HANDLER'),
});
