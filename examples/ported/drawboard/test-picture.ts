import type { PNG } from 'pngjs';

/** The number of pixels that differ by more than a quarter of black to white, and the average difference. */
export function difference(one: PNG, other: PNG): { readonly pixels: number; readonly mean: number } {
  let pixels = 0;
  let sum = 0;
  for (let at = 0; at < one.data.length; at += 4) {
    if (one.data.readUInt32BE(at) === other.data.readUInt32BE(at)) continue;
    let most = 0;
    for (let channel = at; channel < at + 3; channel++) {
      most = Math.max(most, Math.abs(one.data.readUInt8(channel) - other.data.readUInt8(channel)));
    }
    if (most > 64) pixels++;
    sum += most;
  }
  return { pixels, mean: sum / (one.data.length / 4) };
}
