import { randomInt } from 'node:crypto';

/** A light colour such as `#e6c8b1`, visible on black: any hue, a saturation of 0.1 to 0.3, a brightness of 0.9. */
export function getRandomHexColor(): string {
  const hue = randomInt(360);
  const saturation = (randomInt(2000) + 1000) / 10_000;
  const brightness = 0.9;
  // Each channel is brightest near its own hue and darkest opposite to it.
  const channel = (offset: number): number => {
    const k = (offset + hue / 60) % 6;
    return Math.round(255 * brightness * (1 - saturation * Math.max(0, Math.min(k, 4 - k, 1))));
  };
  return `#${[5, 3, 1].map((offset) => channel(offset).toString(16).padStart(2, '0')).join('')}`;
}
