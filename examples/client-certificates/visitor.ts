import {
  ClientEndpoint,
  ClientEndpointConfig,
  CloseReason,
  connect,
  HandshakeException,
  OnClose,
  OnMessage,
} from 'serval';
import { selfSignedCertificate, type Certificate } from '../certificate';
import type { Certificates } from './certificates';

/** Waits for the first message of the server. */
@ClientEndpoint
class Visitor {
  private tell: (text: string) => void = () => undefined;
  readonly heard = new Promise<string>((resolve) => (this.tell = resolve));

  @OnMessage
  hear(text: string): void {
    this.tell(text);
  }

  @OnClose
  close(reason: CloseReason): void {
    this.tell(`closed ${reason.code}`);
  }
}

/**
 * @param trusted the only certificate that the server may have; undefined to trust the public CAs
 * @param own key and certificate of the user; undefined for none
 * @returns the server's message, or the reason why there was no session
 */
export async function visit(uri: string, trusted: string | undefined, own?: Certificate): Promise<string> {
  const config = ClientEndpointConfig.Builder.create()
    .sslContext({ ca: trusted, key: own?.key, cert: own?.cert })
    .build();
  const visitor = new Visitor();
  try {
    const client = await connect(uri, { endpoint: visitor, config });
    const greeting = await visitor.heard;
    await client.close();
    return greeting;
  } catch (error) {
    if (!(error instanceof HandshakeException)) throw error;
    return error.status === undefined ? `${error.code}, ${error.message}` : `HTTP ${error.status}`;
  }
}

/** @param address the server, such as `wss://localhost:8080` */
export async function visitAll(
  address: string,
  { server, ann, bob }: Certificates,
  print: (line: string) => void,
): Promise<void> {
  const [clerk, auditor] = [`${address}/ledger/clerk`, `${address}/ledger/auditor`];
  print(`ann: ${await visit(auditor, server.cert, ann)}`);
  print(`bob: ${await visit(clerk, server.cert, bob)}`);
  print(`bob as auditor: ${await visit(auditor, server.cert, bob)}`);
  print(`without a certificate: ${await visit(clerk, server.cert)}`);
  // The name doesn't help: ann's certificate on the server is a different one.
  print(`with a self-signed certificate: ${await visit(clerk, server.cert, selfSignedCertificate('ann'))}`);
  print(`without trust in the server: ${await visit(clerk, undefined, ann)}`);
}
