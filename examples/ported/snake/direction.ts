/** Where a snake goes. Those but `none` are the messages of a player. */
export type Direction = 'none' | 'north' | 'south' | 'east' | 'west';
