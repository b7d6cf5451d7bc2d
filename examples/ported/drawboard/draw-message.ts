import type { Board, Colour } from './board';
import { formatDouble, parseDouble, parseInt32 } from '../java-numbers';

const BRUSH = 1;
const LINE = 2;
const RECTANGLE = 3;
const ELLIPSE = 4;
const MAX_THICKNESS = 100;

/** The client's message is not a draw message. */
export class ParseError extends Error {}

/**
 * One stroke: ten numbers with commas between them, `type,red,green,blue,alpha,thickness,x1,y1,x2,y2`.
 *
 * The type is 1 for a piece of a brush stroke, 2 for a line, 3 for a rectangle and 4 for an ellipse.
 */
export class DrawMessage {
  private constructor(
    readonly type: number,
    readonly colour: Colour,
    readonly thickness: number,
    readonly x1: number,
    readonly y1: number,
    readonly x2: number,
    readonly y2: number,
  ) {}

  /** @throws ParseError unless the first ten elements are numbers in their ranges; it ignores further elements */
  static parseFromString(text: string): DrawMessage {
    try {
      const elements = text.split(',');
      const type = parseInt32(elements[0]);
      if (type < BRUSH || type > ELLIPSE) throw new ParseError(`Invalid type: ${type}`);
      const channel = (index: number): number => parseInt32(elements[index]) & 0xff;
      const colour: Colour = [channel(1), channel(2), channel(3), channel(4)];
      const thickness = parseDouble(elements[5]);
      // NaN is outside this range too.
      if (!(thickness >= 0 && thickness <= MAX_THICKNESS)) throw new ParseError(`Invalid thickness: ${thickness}`);
      const coordinate = (index: number): number => {
        const value = parseDouble(elements[index]);
        if (Number.isNaN(value)) throw new ParseError('Invalid coordinate: NaN');
        return value;
      };
      return new DrawMessage(type, colour, thickness, coordinate(6), coordinate(7), coordinate(8), coordinate(9));
    } catch (cause) {
      if (cause instanceof ParseError) throw cause;
      throw new ParseError('Not a draw message.', { cause });
    }
  }

  draw(board: Board): void {
    const { colour, thickness, x1, y1, x2, y2 } = this;
    // A shape without a width or a height is a line.
    if (this.type <= LINE || x1 === x2 || y1 === y2) board.line(x1, y1, x2, y2, thickness, colour);
    else if (this.type === RECTANGLE) board.rectangle(x1, y1, x2, y2, thickness, colour);
    else board.ellipse(x1, y1, x2, y2, thickness, colour);
  }

  toString(): string {
    const numbers = [this.thickness, this.x1, this.y1, this.x2, this.y2];
    return [this.type, ...this.colour, ...numbers.map(formatDouble)].join(',');
  }
}
