import { ClientEndpoint, ContainerProvider, OnClose, OnMessage, OnOpen, CloseReason, Session } from 'serval';

/** The same annotations as on a server: prints the prices of one article, and requests the next one after each. */
@ClientEndpoint({ subprotocols: ['prices.v1'] })
export class Ticker {
  private end: () => void = () => undefined;
  private readonly ended = new Promise<void>((resolve) => (this.end = resolve));

  /** The example connects an instance, so the constructor may have parameters. */
  constructor(
    private readonly article: string,
    private readonly print: (line: string) => void,
  ) {}

  /** Resolves once the server has no more prices. */
  async follow(server: string): Promise<void> {
    const container = ContainerProvider.getWebSocketContainer();
    await container.connectToServer(this, `${server}/prices/${encodeURIComponent(this.article)}`);
    await this.ended;
  }

  @OnOpen
  open(session: Session): void {
    this.print(`${this.article}: connected, ${session.getNegotiatedSubprotocol()}`);
  }

  /** The parameter is a number, so the container converts the text; it sends the return value to the server. */
  @OnMessage
  price(price: number): string {
    this.print(`${this.article}: ${price.toFixed(2)}`);
    return 'next';
  }

  @OnClose
  close(reason: CloseReason): void {
    this.print(`${this.article}: closed ${reason.code}`);
    this.end();
  }
}
