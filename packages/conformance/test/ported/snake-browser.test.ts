import { describeWithPeer, Tomcat } from '../peers';
import { type Page } from 'playwright-core';
import { describeInBrowser, takePicture, Visits } from '../../../../examples/test-browser';
import { start } from '../../../../examples/ported/snake/server';

const OURS = '/examples/websocket/';
const THEIRS = '/examples/websocket/snake.xhtml';

/** The drawn squares, `x,y` in squares of the grid, as a player sees them. */
const SQUARES = `(() => {
  const canvas = document.getElementById('playground');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const squares = [];
  for (let y = 5; y < 480; y += 10)
    for (let x = 5; x < 640; x += 10) if (data[4 * (y * 640 + x) + 3] > 0) squares.push((x - 5) / 10 + ',' + (y - 5) / 10);
  return squares;
})()`;

/** Checks each picture until one matches. The test's time limit ends the wait. */
async function see(page: Page, wanted: (squares: readonly string[]) => boolean): Promise<string[]> {
  for (;;) {
    const squares = await page.evaluate<string[]>(SQUARES);
    if (wanted(squares)) return squares;
    await page.evaluate('new Promise(requestAnimationFrame)');
  }
}

const columns = (squares: readonly string[]): number => new Set(squares.map((square) => square.split(',')[0])).size;
const isRow = (squares: readonly string[]): boolean => squares.length === 6 && columns(squares) === 6;
const isColumn = (squares: readonly string[]): boolean => squares.length === 6 && columns(squares) === 1;

describeInBrowser('ported snake in a browser', (browser) => {
  let server: Awaited<ReturnType<typeof start>>;
  let visits: Visits;
  beforeEach(async () => {
    visits = new Visits(browser);
    server = await start(0);
  });
  afterEach(async () => {
    await visits.end();
    await server.stop();
  });

  /** Our page, from our server, with the WebSocket at `port`. */
  async function visit(port: number): Promise<Page> {
    const viewport = { width: 640, height: 780 };
    const page = await visits.open(`http://127.0.0.1:${port}${OURS}`, { viewport }, server.port);
    await page
      .getByRole('status')
      .filter({ hasText: /^Connected/ })
      .waitFor();
    return page;
  }

  /** A snake alone that moves across the field, then along it. */
  async function play(page: Page): Promise<void> {
    await see(page, (squares) => squares.length === 1);
    await page.keyboard.press('ArrowRight');
    await see(page, isRow);
    await page.keyboard.press('ArrowDown');
    const before = await see(page, isColumn);
    await see(page, (squares) => isColumn(squares) && squares.join() !== before.join());
  }

  test('the arrow keys move a snake, and the others see it', async () => {
    const ann = await visit(server.port);
    await play(ann);
    const ben = await visit(server.port);
    await ann.getByText('Snakes: 2').waitFor();
    await ben.getByRole('button', { name: 'East' }).click();
    for (const page of [ann, ben]) await see(page, (squares) => squares.length > 8);
    expect(await takePicture(ann, 'ported/snake')).toBeLessThan(60_000);
    await ben.close();
    await ann.getByText('Snakes: 1').waitFor();
    expect(visits.complaints).toEqual([]);
  }, 90_000);

  test('the page never reverses a snake, and shows when it is dead', async () => {
    const page = await visit(server.port);
    await page.keyboard.press('ArrowRight');
    await see(page, isRow);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowUp');
    await see(page, isColumn);
    expect(await page.getByText('Your snake is dead').count()).toBe(0);
    // Two turns within one tick would reverse the snake.
    await page.evaluate(
      `for (const key of ['ArrowLeft', 'ArrowDown']) dispatchEvent(new KeyboardEvent('keydown', { key }))`,
    );
    await page.getByText('Your snake is dead').waitFor();
    await see(page, (squares) => squares.length === 1);
    expect(visits.complaints).toEqual([]);
  }, 90_000);

  describeWithPeer(Tomcat, 'with the snakes of Tomcat', () => {
    let tomcat: Tomcat;
    beforeAll(async () => {
      tomcat = await Tomcat.start();
    }, 90_000);
    afterAll(() => tomcat?.stop());

    test('the page works with the original', async () => {
      await play(await visit(tomcat.port));
      expect(visits.complaints).toEqual([]);
    }, 90_000);

    test('the page of the original works with the port', async () => {
      const page = await visits.open(`http://127.0.0.1:${server.port}${THEIRS}`, {}, tomcat.port);
      await page.getByText('Press an arrow key to begin').waitFor();
      await play(page);
    }, 90_000);
  });
});
