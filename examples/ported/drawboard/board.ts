import { PNG } from 'pngjs';

const WIDTH = 900;
const HEIGHT = 600;
/** Coordinates beyond this are on no screen, and are not drawn. */
const FARTHEST = 100_000;
/** A pen is never thinner: a line without thickness is visible, as in Java. */
const THINNEST = 1;
/** The largest error, in pixels, of the pieces that form an ellipse. */
const FLATNESS = 0.1;
/** Three bytes per pixel. No filter and little effort: a few kilobytes more, in half the time. */
const PNG_OPTIONS = {
  colorType: 2,
  inputColorType: 2,
  inputHasAlpha: false,
  filterType: 0,
  deflateLevel: 1,
  deflateStrategy: 0,
} as const;

/** Red, green, blue and opacity, each from 0 to 255. */
export type Colour = readonly [red: number, green: number, blue: number, alpha: number];

/** A part of the board: the first row or column, and the one after the last. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** A picture of 900 by 600 pixels, initially white: the needed parts of Java's `BufferedImage` and `Graphics2D`. */
export class Board {
  readonly #pixels = Buffer.alloc(WIDTH * HEIGHT * 3, 255);
  /** How much of each pixel the current stroke covers, 0 to 255; all 0 between strokes. */
  readonly #coverage = new Uint8Array(WIDTH * HEIGHT);
  #png: Buffer | undefined;

  /** With round ends; from a point to itself it is a dot. */
  line(x1: number, y1: number, x2: number, y2: number, thickness: number, colour: Colour): void {
    if (![x1, y1, x2, y2].every(isNear)) return;
    const radius = Math.max(thickness, THINNEST) / 2;
    this.#coverPiece(x1, y1, x2, y2, radius);
    this.#paint(Math.min(y1, y2) - radius, Math.max(y1, y2) + radius, colour);
  }

  /** Its outline, with sharp corners. */
  rectangle(x1: number, y1: number, x2: number, y2: number, thickness: number, colour: Colour): void {
    if (![x1, y1, x2, y2].every(isNear)) return;
    const radius = Math.max(thickness, THINNEST) / 2;
    const [left, right] = x1 < x2 ? [x1, x2] : [x2, x1];
    const [top, bottom] = y1 < y2 ? [y1, y2] : [y2, y1];
    const columns = rangeOf(left - radius, right + radius, WIDTH);
    const rows = rangeOf(top - radius, bottom + radius, HEIGHT);
    for (let y = rows.from; y < rows.to; y++) {
      const outerRow = overlap(y, top - radius, bottom + radius);
      const innerRow = overlap(y, top + radius, bottom - radius);
      for (let x = columns.from; x < columns.to; x++) {
        const outer = outerRow * overlap(x, left - radius, right + radius);
        const inner = innerRow * overlap(x, left + radius, right - radius);
        this.#cover(x, y, outer - inner);
      }
    }
    this.#paint(top - radius, bottom + radius, colour);
  }

  /** The outline of the ellipse that fills a rectangle. */
  ellipse(x1: number, y1: number, x2: number, y2: number, thickness: number, colour: Colour): void {
    if (![x1, y1, x2, y2].every(isNear)) return;
    const radius = Math.max(thickness, THINNEST) / 2;
    const [middleX, middleY] = [(x1 + x2) / 2, (y1 + y2) / 2];
    const [halfWidth, halfHeight] = [Math.abs(x2 - x1) / 2, Math.abs(y2 - y1) / 2];
    // A chord of n equal pieces of a circle misses it by r * (1 - cos(pi / n)).
    const pieces = Math.ceil(Math.PI * Math.sqrt(Math.max(halfWidth, halfHeight, 4) / (2 * FLATNESS)));
    let [fromX, fromY] = [middleX + halfWidth, middleY];
    for (let piece = 1; piece <= pieces; piece++) {
      const angle = (2 * Math.PI * piece) / pieces;
      const [toX, toY] = [middleX + halfWidth * Math.cos(angle), middleY + halfHeight * Math.sin(angle)];
      this.#coverPiece(fromX, fromY, toX, toY, radius);
      [fromX, fromY] = [toX, toY];
    }
    this.#paint(middleY - halfHeight - radius, middleY + halfHeight + radius, colour);
  }

  /** The picture as PNG; the same buffer until something is drawn. */
  toPng(): Buffer {
    if (this.#png === undefined) {
      const picture = new PNG({ width: WIDTH, height: HEIGHT });
      picture.data = this.#pixels;
      this.#png = PNG.sync.write(picture, PNG_OPTIONS);
    }
    return this.#png;
  }

  /** Covers the pixels that a round pen of this radius touches on a straight path. */
  #coverPiece(x1: number, y1: number, x2: number, y2: number, radius: number): void {
    const reach = radius + 0.5;
    const [dx, dy] = [x2 - x1, y2 - y1];
    const squaredLength = dx * dx + dy * dy;
    const rows = rangeOf(Math.min(y1, y2) - reach, Math.max(y1, y2) + reach, HEIGHT);
    for (let y = rows.from; y < rows.to; y++) {
      // The pen's position while it can touch this row: most of a long line is elsewhere.
      const first = dy === 0 ? x1 : x1 + dx * clamp((y - reach - y1) / dy);
      const last = dy === 0 ? x2 : x1 + dx * clamp((y + 1 + reach - y1) / dy);
      const columns = rangeOf(Math.min(first, last) - reach, Math.max(first, last) + reach, WIDTH);
      for (let x = columns.from; x < columns.to; x++) {
        if (this.#coverage[y * WIDTH + x] === 255) continue;
        const [px, py] = [x + 0.5 - x1, y + 0.5 - y1];
        const along = squaredLength === 0 ? 0 : clamp((px * dx + py * dy) / squaredLength);
        const [awayX, awayY] = [px - along * dx, py - along * dy];
        // Much faster than Math.hypot.
        this.#cover(x, y, reach - Math.sqrt(awayX * awayX + awayY * awayY));
      }
    }
  }

  /** @param share of the pixel, 0 to 1. Overlapping pieces of one stroke don't become more opaque. */
  #cover(x: number, y: number, share: number): void {
    const index = y * WIDTH + x;
    const coverage = Math.round(clamp(share) * 255);
    if (coverage > (this.#coverage[index] ?? 0)) this.#coverage[index] = coverage;
  }

  /** Paints the covered pixels. */
  #paint(top: number, bottom: number, [red, green, blue, alpha]: Colour): void {
    this.#png = undefined;
    const rows = rangeOf(top - 1, bottom + 1, HEIGHT);
    for (let index = rows.from * WIDTH; index < rows.to * WIDTH; index++) {
      const coverage = this.#coverage[index] ?? 0;
      if (coverage === 0) continue;
      this.#coverage[index] = 0;
      const opacity = (coverage * alpha) / (255 * 255);
      this.#blend(index * 3, red, opacity);
      this.#blend(index * 3 + 1, green, opacity);
      this.#blend(index * 3 + 2, blue, opacity);
    }
  }

  #blend(at: number, value: number, opacity: number): void {
    const before = this.#pixels[at] ?? 0;
    this.#pixels[at] = Math.round(before + (value - before) * opacity);
  }
}

function isNear(coordinate: number): boolean {
  return Math.abs(coordinate) <= FARTHEST;
}

function clamp(value: number): number {
  return Math.min(Math.max(value, 0), 1);
}

/** Rows or columns that lie on the board and between two coordinates. */
function rangeOf(from: number, to: number, end: number): Range {
  return { from: Math.max(Math.floor(from), 0), to: Math.min(Math.ceil(to), end) };
}

/** How much of the pixel from `at` to `at + 1` lies between two coordinates. */
function overlap(at: number, from: number, to: number): number {
  return clamp(Math.min(at + 1, to) - Math.max(at, from));
}
