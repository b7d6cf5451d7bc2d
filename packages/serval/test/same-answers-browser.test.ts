import { Server } from 'serval';
import { describeInBrowser } from '../../../examples/test-browser';
import { Answers, HEARD, PATH, SAID } from './same-answers';

let server: Server;
beforeAll(async () => {
  server = await new Server({ host: '127.0.0.1', endpoints: [Answers] }).start();
});
afterAll(() => server.stop());

describeInBrowser('a browser', (browser) => {
  test('receives the same answers', async () => {
    const page = await browser().newPage();
    // Any page of the server's own origin will do; this one is its 404.
    await page.goto(`http://127.0.0.1:${server.port}/`);
    const said = JSON.stringify(SAID.map((message) => (typeof message === 'string' ? message : [...message])));
    const heard = await page.evaluate(`new Promise((resolve) => {
      const heard = [];
      const socket = new WebSocket('ws://' + location.host + ${JSON.stringify(PATH)});
      socket.binaryType = 'arraybuffer';
      socket.onopen = () => {
        for (const message of ${said}) socket.send(typeof message === 'string' ? message : Uint8Array.from(message));
      };
      const hex = (data) => [...new Uint8Array(data)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      socket.onmessage = ({ data }) => heard.push(typeof data === 'string' ? data : hex(data));
      socket.onclose = ({ code, reason }) => {
        heard.push(code + ' ' + reason);
        resolve(heard);
      };
    })`);
    expect(heard).toEqual(HEARD);
  }, 90_000);
});
