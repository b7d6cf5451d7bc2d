import { selfSignedCertificate } from '../certificate';
import { describeInBrowser } from '../test-browser';
import { start } from './server';

const tls = selfSignedCertificate();
let server: Awaited<ReturnType<typeof start>>;

beforeEach(async () => (server = await start(0, tls)));
afterEach(() => server.stop());

describeInBrowser('the page in a browser', (browser) => {
  test('has three WebSockets, all on the one HTTP/2 connection that brought the page', async () => {
    const context = await browser().newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await page.goto(`https://localhost:${server.port}/`);
    await page.getByText('from port').nth(2).waitFor();
    const lines = await page.getByRole('listitem').allTextContents();
    expect(lines[0]).toMatch(/^HTTP\/2\.0, from port \d+$/);
    expect(lines).toEqual([lines[0], lines[0], lines[0]]);
    // The server's view: each session came by an extended CONNECT.
    const routes = [...server.container.getSessions()].map((session) => session.data.route);
    expect(routes).toEqual(lines);
    const stopped = server.stop();
    await page.getByText('closed 1001 The server is stopping.').nth(2).waitFor();
    await stopped;
    await context.close();
  }, 90_000);

  test('receives its messages back, and closes cleanly', async () => {
    const context = await browser().newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await page.goto(`https://localhost:${server.port}/`);
    const heard = await page.evaluate(`new Promise((resolve) => {
      const heard = [];
      const socket = new WebSocket('wss://' + location.host + '/route');
      socket.onopen = () => ['hi', 'x'.repeat(8000)].forEach((text) => socket.send(text));
      socket.onmessage = ({ data }) => {
        heard.push(data.length > 100 ? data.length : data);
        if (heard.length === 3) socket.close(4000, 'enough');
      };
      socket.onclose = ({ code, reason, wasClean }) => resolve([...heard.slice(1), code, reason, wasClean]);
    })`);
    expect(heard).toEqual(['hi', 8000, 4000, 'enough', true]);
    await context.close();
  }, 90_000);
});
