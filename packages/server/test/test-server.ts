import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { EndpointClass, ServerEndpointConfig } from '@serval/api';
import { attach } from '../src/http-host';
import type { ServerContainerOptions } from '../src/container-options';
import type { ServerContainer } from '../src/server-container';
import { RawConnection, upgradeRequest, type HeaderChanges, type RawResponse } from './raw-connection';
import { afterTest, Journal } from '../../testing/test/toolbox';

/** A container in an HTTP server on a free port of 127.0.0.1. Both stop after the test. */
export class TestServer {
  /** The container's log: `error …`, `warn …` and `debug …`, errors with their messages. */
  readonly log = new Journal();
  readonly container: ServerContainer;
  port = 0;

  private constructor(
    readonly http: HttpServer,
    options: ServerContainerOptions,
  ) {
    this.container = attach(http, { logger: loggerInto(this.log), ...options });
  }

  static async start(
    options: ServerContainerOptions = {},
    ...endpoints: readonly (EndpointClass | ServerEndpointConfig)[]
  ): Promise<TestServer> {
    const server = new TestServer(
      createServer((_request, response) => response.end('plain HTTP')),
      options,
    );
    for (const endpoint of endpoints) server.container.addEndpoint(endpoint);
    server.port = await listen(server.http);
    afterTest(() => server.container.stop({ grace: 1 }));
    return server;
  }

  async connect(): Promise<RawConnection> {
    return connectTo(this.port);
  }

  /** Sends a request that opens a WebSocket, with changes to its headers, and reads the response. */
  async request(start: string, changes?: HeaderChanges): Promise<RawResponse & { readonly client: RawConnection }> {
    const client = await this.connect();
    client.send(upgradeRequest(start, changes));
    return { ...(await client.response()), client };
  }

  /** Opens a WebSocket. */
  async open(target: string, changes?: HeaderChanges): Promise<RawConnection> {
    const { status, body, client } = await this.request(target, changes);
    if (status !== 101) throw new Error(`Expected 101 for ${target}; found ${status} ${body}`);
    return client;
  }
}

/** Connects to a port, until the test is over. */
export async function connectTo(port: number, tls?: ConnectionOptions): Promise<RawConnection> {
  const client = await RawConnection.open(port, tls);
  afterTest(() => client.destroy());
  return client;
}

/** Listens on a free port of 127.0.0.1 until the test is over. */
export async function listen(http: HttpServer): Promise<number> {
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  afterTest(() => {
    const closed = new Promise((resolve) => http.close(resolve));
    http.closeAllConnections();
    return closed;
  });
  return (http.address() as AddressInfo).port;
}

export function loggerInto(log: Journal): NonNullable<ServerContainerOptions['logger']> {
  const writer =
    (level: string) =>
    (message: string, ...details: unknown[]): void =>
      log.add([level, message, ...details.map((detail) => (detail instanceof Error ? detail.message : ''))].join(' '));
  return { error: writer('error'), warn: writer('warn'), debug: writer('debug') };
}
