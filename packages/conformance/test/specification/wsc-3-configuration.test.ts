import {
  Decoder,
  Encoder,
  Endpoint,
  OnMessage,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
  type EndpointClass,
} from 'serval';
import { overBothEngines } from '../application';

// Chapter 3: what a configuration decides. Most of it is proven beside the code, in packages/server.

class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}
class PointDecoder implements Decoder.Text<Point> {
  static readonly decodes = Decoder.text(Point);
  decode(text: string): Point {
    const [x = 0, y = 0] = text.split(' ').map(Number);
    return new Point(x, y);
  }
}
class PointEncoder implements Encoder.Text<Point> {
  static readonly encodes = Encoder.text(Point);
  encode({ x, y }: Point): string {
    return `(${x}, ${y})`;
  }
}

@ServerEndpoint({ value: '/annotated', decoders: [PointDecoder], encoders: [PointEncoder] })
class AnnotatedMirror {
  @OnMessage mirror({ x, y }: Point): Point {
    return new Point(y, x);
  }
}
class ProgrammaticMirror extends Endpoint {
  override onOpen(session: Session): void {
    session.addMessageHandler(Point, ({ x, y }) => session.getBasicRemote().sendObject(new Point(y, x)));
  }
}

overBothEngines((application) => {
  test.each<[string, string, EndpointClass | ServerEndpointConfig]>([
    ['an annotation', '/annotated', AnnotatedMirror],
    [
      'a builder',
      '/programmatic',
      ServerEndpointConfig.Builder.create(ProgrammaticMirror, '/programmatic')
        .decoders([PointDecoder])
        .encoders([PointEncoder])
        .build(),
    ],
  ])('[WSC-3-1] the encoders and decoders of %s turn messages into objects and back', async (_what, path, endpoint) => {
    await application().start(endpoint);
    expect(await (await application().connect(path)).say('3 4').next()).toBe('text (4, 3)');
  });

  test.each(['/', '/chat', '/chat/red/blue', '/chat//', '/Chat/red', '/other/red'])(
    '[WSC-3.1.1-4] %s matches no endpoint, so no connection is made',
    async (target) => {
      const opened: string[] = [];
      @ServerEndpoint('/chat/{room}')
      class Chat {
        constructor() {
          opened.push(target);
        }
      }
      await application().start(Chat);
      expect(await application().ask(target)).toMatchObject({ status: 404 });
      await application().connect('/chat/red');
      expect(opened).toHaveLength(1);
    },
  );
});
