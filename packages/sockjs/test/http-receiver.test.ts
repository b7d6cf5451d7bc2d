import { createServer, type ServerResponse } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { HttpReceiver, HttpSession } from '@serval/sockjs';
import { RecordingListener } from '@serval/testing';
import { afterTest } from '../../testing/test/toolbox';

const FORMAT = { prelude: undefined, wrap: (frame: string) => `${frame}\n` };

/** A response whose client has left already. */
function abandonedHttp1(): Promise<ServerResponse> {
  return new Promise((resolve) => {
    const server = createServer((_request, response) => {
      response.once('close', () => resolve(response));
      client?.destroy();
    });
    afterTest(() => server.close());
    let client: Socket | undefined;
    server.listen(0, '127.0.0.1', () => {
      client = connect((server.address() as AddressInfo).port, '127.0.0.1');
      client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    });
  });
}

function abandonedHttp2(): Promise<ServerResponse> {
  return new Promise((resolve) => {
    const server = createHttp2Server((_request, response) => {
      // Node's compatibility API has the methods that a receiver uses.
      response.once('close', () => resolve(response as unknown as ServerResponse));
      stream?.close();
    });
    let stream: { close(): void } | undefined;
    server.listen(0, '127.0.0.1', () => {
      const client = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      stream = client.request({ ':path': '/' });
      afterTest(() => {
        client.destroy();
        server.close();
      });
    });
  });
}

test.each([
  ['HTTP/1.1', abandonedHttp1],
  ['HTTP/2', abandonedHttp2],
])('a session that gets a response without a client is lost, over %s', async (_version, open) => {
  const response = await open();
  const session = new HttpSession({
    isSecure: false,
    remoteAddress: undefined,
    disconnectDelayMs: 60_000,
    heartbeatMs: Infinity,
    messageCacheSize: 100,
    lost: () => undefined,
    ended: () => undefined,
    forget: () => undefined,
  });
  const listener = new RecordingListener();
  session.open(listener);
  session.resume();
  session.attach(new HttpReceiver(response, FORMAT, {}, 100));
  expect((await listener.closed()).code).toBe(1006);
});
