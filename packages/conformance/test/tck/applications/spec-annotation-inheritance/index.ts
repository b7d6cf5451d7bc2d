import { OnMessage, ServerEndpoint } from 'serval';
import type { TckContext } from '../../context';
import { JavaPackage } from '../../java-names';

@JavaPackage('spec.annotation.inheritance')
@ServerEndpoint('/echo')
class EchoServer {
  @OnMessage
  echo(message: string): string {
    return message;
  }
}

export const context: TckContext = { root: '/wsc_spec_annotation_inheritance_web', endpoints: [EchoServer] };
