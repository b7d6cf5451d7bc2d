import { randomInt } from 'node:crypto';
import type { Direction } from './direction';

/** Pixels. */
export const PLAYFIELD_WIDTH = 640;
export const PLAYFIELD_HEIGHT = 480;
export const GRID_SIZE = 10;

/** A square of the playfield, in pixels. */
export class Location {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}

  getAdjacentLocation(direction: Direction): Location {
    switch (direction) {
      case 'north':
        return new Location(this.x, this.y - GRID_SIZE);
      case 'south':
        return new Location(this.x, this.y + GRID_SIZE);
      case 'east':
        return new Location(this.x + GRID_SIZE, this.y);
      case 'west':
        return new Location(this.x - GRID_SIZE, this.y);
      case 'none':
        return this;
    }
  }

  /** Wraps around: a snake returns at 0 from the right, at the full width from the left, as in the original. */
  wrapped(): Location {
    return new Location(wrap(this.x, PLAYFIELD_WIDTH), wrap(this.y, PLAYFIELD_HEIGHT));
  }

  equals(other: Location): boolean {
    return this.x === other.x && this.y === other.y;
  }
}

function wrap(value: number, size: number): number {
  if (value >= size) return 0;
  return value < 0 ? size : value;
}

export function getRandomLocation(): Location {
  return new Location(roundByGridSize(randomInt(PLAYFIELD_WIDTH)), roundByGridSize(randomInt(PLAYFIELD_HEIGHT)));
}

function roundByGridSize(value: number): number {
  return Math.floor((value + GRID_SIZE / 2) / GRID_SIZE) * GRID_SIZE;
}
