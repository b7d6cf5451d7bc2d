import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { describeWithPeer, Tomcat } from '../peers';
import { PNG } from 'pngjs';
import type { Page } from 'playwright-core';
import { describeInBrowser, takePicture, Visits } from '../../../../examples/test-browser';
import { servePages } from '../../../../examples/pages';
import { start } from '../../../../examples/ported/drawboard/server';
import { difference } from '../../../../examples/ported/drawboard/test-picture';
import { TestPlayer } from '../../../../examples/ported/drawboard/test-player';

const PAGE = '/examples/websocket/';
/** The path in Debian's package tomcat10-examples. */
const ORIGINAL_PAGE = '/usr/share/tomcat10-examples/examples/websocket/drawboard.xhtml';

/** A house, with every kind of stroke: the tools, and the mouse's path. */
const HOUSE: readonly (readonly [tools: string[], points: [number, number][]])[] = [
  [
    ['Ellipse', '28 pixels', 'Yellow'],
    [
      [730, 60],
      [800, 130],
    ],
  ],
  [
    ['Rectangle', '10 pixels', 'Brown'],
    [
      [300, 300],
      [600, 520],
    ],
  ],
  [
    ['Line', '16 pixels', 'Red'],
    [
      [270, 310],
      [450, 160],
    ],
  ],
  [
    ['Line'],
    [
      [450, 160],
      [630, 310],
    ],
  ],
  [
    ['Rectangle', '6 pixels', 'Blue'],
    [
      [350, 360],
      [430, 430],
    ],
  ],
  [
    ['Line', '3 pixels'],
    [
      [390, 360],
      [390, 430],
    ],
  ],
  [
    ['Rectangle', '6 pixels', 'Violet'],
    [
      [500, 390],
      [560, 517],
    ],
  ],
  [
    ['Line', '16 pixels', 'Brown'],
    [
      [160, 360],
      [160, 520],
    ],
  ],
  [
    ['Ellipse', '50 pixels', 'Green'],
    [
      [120, 250],
      [200, 350],
    ],
  ],
  [['Brush', '10 pixels', 'Green'], Array.from({ length: 60 }, (_, at) => [20 + at * 14, 540 + 8 * Math.sin(at)])],
  [
    ['Brush', '6 pixels', 'Grey'],
    Array.from({ length: 40 }, (_, at) => [540 + at * 2 + 14 * Math.sin(at / 3), 200 - at * 4]),
  ],
];

/** A canvas's colour at a place, as `r,g,b`. */
function colourAt(page: Page, x: number, y: number, canvas = '#board'): Promise<string> {
  return page.evaluate(
    `[...document.querySelector('${canvas}').getContext('2d').getImageData(${x}, ${y}, 1, 1).data].slice(0, 3).join()`,
  );
}

/** Waits until the canvas shows that colour. */
function shows(page: Page, x: number, y: number, colour: string, canvas = '#board'): Promise<void> {
  return page.evaluate(`new Promise((resolve) => {
    const context = document.querySelector('${canvas}').getContext('2d');
    const look = () => {
      const found = [...context.getImageData(${x}, ${y}, 1, 1).data].slice(0, 3).join();
      if (found === '${colour}') resolve();
      else requestAnimationFrame(look);
    };
    look();
  })`);
}

async function picture(page: Page): Promise<PNG> {
  const url: string = await page.evaluate('document.getElementById("board").toDataURL()');
  return PNG.sync.read(Buffer.from(url.slice(url.indexOf(',') + 1), 'base64'));
}

async function state(page: Page, text: string): Promise<void> {
  await page.getByRole('status').filter({ hasText: text }).waitFor();
}

/** Chooses a tool by its name. */
async function choose(page: Page, ...names: string[]): Promise<void> {
  for (const name of names) await page.getByRole('radio', { name, exact: true }).check();
}

/** Draws with the mouse, in coordinates of the board. */
async function draw(page: Page, points: readonly (readonly [number, number])[], canvas = '#board'): Promise<void> {
  const box = await page.locator(canvas).boundingBox();
  const scale = ((box?.width ?? 902) - 2) / 900;
  const moves = points.map(([x, y]) => [(box?.x ?? 0) + 1 + x * scale, (box?.y ?? 0) + 1 + y * scale] as const);
  const [[x, y] = [0, 0], ...rest] = moves;
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (const [toX, toY] of rest) await page.mouse.move(toX, toY);
  await page.mouse.up();
}

describeInBrowser('drawboard in a browser', (browser) => {
  let server: Awaited<ReturnType<typeof start>>;
  let visits: Visits;
  beforeEach(async () => {
    server = await start(0);
    visits = new Visits(browser);
  });
  afterEach(async () => {
    await visits.end();
    await server.stop();
  });

  const open = (path = PAGE, options = {}): Promise<Page> =>
    visits.open(`http://127.0.0.1:${server.port}${path}`, options);

  test('another page sees a line that one page draws, and a later one sees it in the picture', async () => {
    const ada = await open();
    await state(ada, 'You are alone here');
    const bob = await open();
    await state(ada, '2 players');
    await state(bob, '2 players');
    await choose(ada, 'Line', '16 pixels', 'Blue');
    await draw(ada, [
      [100, 100],
      [200, 300],
      [500, 300],
    ]);
    await shows(bob, 300, 200, '32,80,224');
    const cyd = await open();
    await state(cyd, '3 players');
    await shows(cyd, 300, 200, '32,80,224');
    // The mouse took a different path.
    expect(await colourAt(bob, 200, 290)).toBe('255,255,255');
    await bob.close();
    await state(ada, '2 players');
    expect(visits.complaints).toEqual([]);
  }, 90_000);

  test('the picture equals the drawing of the pages', async () => {
    const viewport = { width: 932, height: 850 };
    const ada = await open(PAGE, { viewport });
    await state(ada, 'alone');
    for (const [tools, points] of HOUSE) {
      await choose(ada, ...tools);
      await draw(ada, points);
    }
    const bob = await open(PAGE, { viewport });
    await state(bob, '2 players');
    // A stroke of bob's comes back after all of ada's.
    await choose(bob, 'Brush', '50 pixels', 'Pink');
    await draw(bob, [[850, 550]]);
    for (const page of [ada, bob]) await shows(page, 850, 550, '255,111,174');
    const [drawn, shown] = [await picture(ada), await picture(bob)];
    const { pixels, mean } = difference(drawn, shown);
    expect(pixels).toBeLessThan(100);
    expect(mean).toBeLessThan(0.1);
    const blank = new PNG({ width: 900, height: 600 });
    blank.data.fill(255);
    expect(difference(drawn, blank).pixels).toBeGreaterThan(50_000);
    await ada.setViewportSize({ width: 720, height: 676 });
    expect(await takePicture(ada, 'ported/drawboard')).toBeLessThan(60_000);
    expect(visits.complaints).toEqual([]);
  }, 60_000);

  test('strokes that arrive while the picture is being decoded appear after it, in order', async () => {
    const ada = await open();
    await state(ada, 'alone');
    const page = await visits.open('about:blank');
    // The picture arrives as late as two strokes of the others.
    await page.addInitScript(`
      const decode = globalThis.createImageBitmap;
      const drawn = new Promise((resolve) => (globalThis.goOn = resolve));
      globalThis.createImageBitmap = async (...args) => { await drawn; return decode(...args); };`);
    await page.goto(`http://127.0.0.1:${server.port}${PAGE}`);
    await state(ada, '2 players');
    const bob = await TestPlayer.joined(server.port);
    await bob.draw('2,255,0,0,255,50,100,100,300,100', 1, [bob]);
    await bob.draw('2,0,0,255,255,50,100,100,300,100', 2, [bob]);
    await bob.leave();
    await page.evaluate('goOn()');
    await state(page, '2 players');
    await shows(page, 200, 100, '0,0,255');
    expect(visits.complaints).toEqual([]);
  }, 90_000);

  test('the keyboard can draw on the board', async () => {
    const [ada, bob] = [await open(), await open()];
    await state(ada, '2 players');
    await ada.getByRole('radio', { name: 'Brush' }).focus();
    await ada.keyboard.press('ArrowRight');
    await choose(ada, '10 pixels', 'Red');
    await ada.locator('#board').focus();
    // The pen is in the middle at first.
    await ada.keyboard.press('Space');
    for (let times = 0; times < 10; times++) await ada.keyboard.press('ArrowUp');
    await ada.keyboard.press('Shift+ArrowUp');
    await ada.keyboard.press('Space');
    await shows(bob, 450, 200, '224,32,32');
    await shows(bob, 450, 300, '224,32,32');
    expect(await colourAt(bob, 450, 190)).toBe('255,255,255');
    // A cancelled shape is not drawn.
    await ada.keyboard.press('Space');
    for (let times = 0; times < 9; times++) await ada.keyboard.press('ArrowRight');
    await ada.keyboard.press('Escape');
    await ada.keyboard.press('Space');
    await ada.keyboard.press('ArrowDown');
    await ada.keyboard.press('Space');
    await shows(bob, 540, 205, '224,32,32');
    expect(await colourAt(bob, 500, 199)).toBe('255,255,255');
    expect(visits.complaints).toEqual([]);
  }, 90_000);

  test('a phone of 360 by 740 shows the whole board, and a finger draws where it touches', async () => {
    const [bob, phone] = [await open(), await open(PAGE, { viewport: { width: 360, height: 740 }, hasTouch: true })];
    await state(phone, '2 players');
    expect(await phone.evaluate('document.documentElement.scrollWidth')).toBe(360);
    await choose(phone, 'Brush', '28 pixels', 'Green');
    const box = (await phone.locator('#board').boundingBox())!;
    await phone.touchscreen.tap(box.x + box.width / 2, box.y + box.height / 2);
    await shows(bob, 450, 300, '31,157,58');
    expect(visits.complaints).toEqual([]);
  }, 90_000);

  test('a page shows why it was refused or that the server is gone, and reconnects on request', async () => {
    const players: TestPlayer[] = [];
    for (let count = 1; count <= 100; count++) players.push(await TestPlayer.joined(server.port));
    const page = await open();
    await state(page, 'Maximum player count (100) has been reached.');
    await players.pop()?.leave();
    await page.getByRole('button', { name: 'Connect again' }).click();
    await state(page, '100 players');
    const { port } = server;
    await server.stop();
    await state(page, 'The connection has closed.');
    server = await start(port);
    await page.getByRole('button', { name: 'Connect again' }).click();
    await state(page, 'You are alone here');
    expect(await page.getByRole('button', { name: 'Connect again' }).isVisible()).toBe(false);
  }, 60_000);

  const testOriginalPage = existsSync(ORIGINAL_PAGE) ? test : test.skip;
  testOriginalPage(
    'the page of the original plays with the port',
    async () => {
      await server.stop();
      server = await start(0, (request, response) => {
        const isOriginal = request.url === '/original';
        response.writeHead(200, { 'Content-Type': isOriginal ? 'application/xhtml+xml' : 'text/plain' });
        response.end(isOriginal ? readFileSync(ORIGINAL_PAGE) : '');
      });
      const [page, other] = [await open('/original'), await open('/original')];
      for (const one of [page, other]) await one.getByText('Number of Players: 2').waitFor();
      // Its first colour is black, its first tool the brush.
      await draw(
        page,
        [
          [100, 100],
          [300, 100],
        ],
        'canvas',
      );
      await shows(other, 200, 100, '0,0,0', 'canvas');
      const late = await open('/original');
      await late.getByText('Number of Players: 3').waitFor();
      await shows(late, 200, 100, '0,0,0', 'canvas');
      expect(visits.complaints).toEqual([]);
    },
    30_000,
  );

  describeWithPeer(Tomcat, 'and Tomcat', () => {
    let tomcat: Tomcat;
    beforeAll(async () => {
      tomcat = await Tomcat.start();
    }, 90_000);
    afterAll(() => tomcat?.stop());

    test('the page works with the original', async () => {
      // The page is ours; the other end of its WebSocket is Tomcat's.
      const proxy = createServer(servePages('ported/drawboard', PAGE)).on('upgrade', (request, socket, head) => {
        const upstream = connect(tomcat.port, '127.0.0.1');
        const headers = request.rawHeaders.map((text, at) => text + (at % 2 === 0 ? ': ' : '\r\n')).join('');
        upstream.write(`GET ${request.url} HTTP/1.1\r\n${headers}\r\n`);
        upstream.write(head);
        socket.on('error', () => upstream.destroy()).pipe(upstream);
        upstream.on('error', () => socket.destroy()).pipe(socket);
      });
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      // A server that listens on a port has this kind of address.
      const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${PAGE}`;
      const [page, other] = [await visits.open(url), await visits.open(url)];
      await state(page, '2 players');
      await state(other, '2 players');
      await choose(page, 'Rectangle', '50 pixels', 'Violet');
      await draw(page, [
        [100, 100],
        [300, 300],
      ]);
      await shows(other, 100, 200, '128,64,192');
      expect(visits.complaints).toEqual([]);
      await visits.end();
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    }, 90_000);
  });
});
