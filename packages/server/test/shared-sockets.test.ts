import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { OnMessage, ServerEndpoint } from '@serval/api';
import { attach } from '../src/http-host';
import { clientFrame, upgradeRequest } from './raw-connection';
import { connectTo, listen, loggerInto } from './test-server';
import { afterTest, Journal } from '../../testing/test/toolbox';

@ServerEndpoint('/chat')
class Chat {
  @OnMessage say(text: string): string {
    return `you said ${text}`;
  }
}

test.each([true, false])(
  "a 'data' listener of accepted sockets sees every byte (sharedReads: %s)",
  async (sharedReads) => {
    const http = createServer();
    const seen: Buffer[] = [];
    http.on('connection', (socket: Socket) => socket.on('data', (chunk) => seen.push(chunk)));
    const container = attach(http, { sharedReads, logger: loggerInto(new Journal()) });
    container.addEndpoint(Chat);
    afterTest(() => container.stop({ grace: 1 }));
    const client = await connectTo(await listen(http));
    const request = upgradeRequest('/chat');
    client.send(request);
    expect((await client.response()).status).toBe(101);
    const frames = ['one', 'two', 'three'].map((text) => clientFrame(0x81, text));
    for (const frame of frames) {
      client.send(frame);
      await client.text();
    }
    expect(Buffer.concat(seen).toString('latin1')).toBe(request + Buffer.concat(frames).toString('latin1'));
  },
);
