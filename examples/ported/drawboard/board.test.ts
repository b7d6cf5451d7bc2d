import { PNG } from 'pngjs';
import { Board, type Colour } from './board';

const BLACK: Colour = [0, 0, 0, 255];

/** The pixel at a place, in the picture that a newcomer would get. */
function pixel(board: Board, x: number, y: number): number[] {
  const { data, width } = PNG.sync.read(board.toPng());
  return [...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 4)];
}

test('drawboard encodes the picture again only after a new stroke', () => {
  const board = new Board();
  const white = board.toPng();
  expect(board.toPng()).toBe(white);
  board.line(0, 0, 100, 100, 2, BLACK);
  expect(board.toPng()).not.toEqual(white);
});

test('drawboard draws the visible part of strokes that leave the board, and nothing at invalid coordinates', () => {
  const board = new Board();
  const white = board.toPng();
  for (const far of [Infinity, -Infinity, 1e300]) {
    board.line(0, 0, far, far, 100, BLACK);
    board.rectangle(0, 0, far, far, 100, BLACK);
    board.ellipse(0, 0, far, far, 100, BLACK);
  }
  board.line(-50, -50, -50, 650, 100, BLACK);
  expect(board.toPng()).toEqual(white);
  board.line(-5000, -5000, 5000, 5000, 3, BLACK);
  expect([pixel(board, 300, 300), pixel(board, 310, 300)]).toEqual([
    [0, 0, 0, 255],
    [255, 255, 255, 255],
  ]);
});

test('drawboard draws transparent strokes evenly where their pieces overlap', () => {
  const board = new Board();
  board.ellipse(100, 100, 500, 500, 60, [255, 0, 0, 128]);
  for (const [x, y] of [
    [300, 100],
    [100, 300],
    [158, 158],
  ] as const) {
    expect(pixel(board, x, y)).toEqual([255, 127, 127, 255]);
  }
  board.line(300, 50, 300, 150, 20, [0, 0, 255, 128]);
  expect(pixel(board, 300, 100)).toEqual([127, 63, 191, 255]);
});

test('drawboard draws a line without thickness as thin as possible', () => {
  const board = new Board();
  board.line(10, 10.5, 90, 10.5, 0, BLACK);
  expect([pixel(board, 50, 9), pixel(board, 50, 10), pixel(board, 50, 11)]).toEqual([
    [255, 255, 255, 255],
    [0, 0, 0, 255],
    [255, 255, 255, 255],
  ]);
});
