import { Char, OnClose, OnError, OnMessage, OnOpen, PathParam, ServerEndpoint, Session } from 'serval';
import { doubleToString, floatToString } from '../../common/java-numbers';
import { JavaPackage } from '../../java-names';
import { WSOnClosePathParamServer } from './on-close-server';
import { answerError, perform } from './operations';

/** Asks for a variable that its template does not have. */
@JavaPackage('ee.server.pathparam')
@ServerEndpoint('/nonused/{nonusedparam}')
export class WS0StringPathParamServer {
  #atOpen: string | null = '';

  @OnOpen
  onOpen(@PathParam('param1', String) p1: string | null): void {
    this.#atOpen = p1;
  }

  @OnMessage
  param(@PathParam('param1', String) p1: string | null, content: string): string {
    return perform(content, String(this.#atOpen), String(p1));
  }

  @OnError
  async onError(@PathParam('param1', String) p1: string | null, session: Session, thrown: Error): Promise<void> {
    await answerError(session, thrown, String(p1));
  }

  @OnClose
  onClose(@PathParam('param1', String) p1: string | null): void {
    WSOnClosePathParamServer.set(String(p1));
  }
}

@JavaPackage('ee.server.pathparam')
@ServerEndpoint('/{param1}')
export class WSDirectLongPathParamServer {
  #atOpen = '';

  @OnOpen
  onOpen(@PathParam('param1') p1: bigint): void {
    this.#atOpen = String(p1);
  }

  @OnMessage
  param(@PathParam('param1') p1: bigint, content: string): string {
    return perform(content, this.#atOpen, String(p1));
  }

  @OnError
  async onError(@PathParam('param1') p1: bigint, session: Session, thrown: Error): Promise<void> {
    await answerError(session, thrown, String(p1));
  }

  @OnClose
  onClose(@PathParam('param1') p1: bigint): void {
    WSOnClosePathParamServer.set(String(p1));
  }
}

/** Java's boolean and char. */
@JavaPackage('ee.server.pathparam')
@ServerEndpoint('/different/{param1}/{param2}')
export class WS2DifferentPathParamsServer {
  #atOpen = '';

  @OnOpen
  onOpen(@PathParam('param1') p1: boolean, @PathParam('param2', Char) p2: string): void {
    this.#atOpen = `${p1}${p2}`;
  }

  @OnMessage
  param(@PathParam('param1') p1: boolean, @PathParam('param2', Char) p2: string, content: string): string {
    return perform(content, this.#atOpen, `${p1}${p2}`);
  }

  @OnError
  async onError(
    @PathParam('param1') p1: boolean,
    @PathParam('param2', Char) p2: string,
    session: Session,
    thrown: Error,
  ): Promise<void> {
    await answerError(session, thrown, `${p1}${p2}`);
  }

  @OnClose
  onClose(@PathParam('param1') p1: boolean, @PathParam('param2', Char) p2: string): void {
    WSOnClosePathParamServer.set(String(p1), p2);
  }
}

/** Java's Double and Float; both are numbers here. */
@JavaPackage('ee.server.pathparam')
@ServerEndpoint('/full/{param1}/{param2}')
export class WS2FullDifferentPathParamsServer {
  #atOpen = '';

  @OnOpen
  onOpen(@PathParam('param1') p1: number, @PathParam('param2') p2: number): void {
    this.#atOpen = doubleToString(p1) + floatToString(p2);
  }

  @OnMessage
  param(@PathParam('param1') p1: number, @PathParam('param2') p2: number, content: string): string {
    return perform(content, this.#atOpen, doubleToString(p1) + floatToString(p2));
  }

  @OnError
  async onError(
    @PathParam('param1') p1: number,
    @PathParam('param2') p2: number,
    session: Session,
    thrown: Error,
  ): Promise<void> {
    await answerError(session, thrown, doubleToString(p1) + floatToString(p2));
  }

  @OnClose
  onClose(@PathParam('param1') p1: number, @PathParam('param2') p2: number): void {
    WSOnClosePathParamServer.set(doubleToString(p1), floatToString(p2));
  }
}
