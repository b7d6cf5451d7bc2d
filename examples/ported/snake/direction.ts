/** A snake's direction. All except `none` are messages of a player. */
export type Direction = 'none' | 'north' | 'south' | 'east' | 'west';
