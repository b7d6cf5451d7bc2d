/**
 * Stops only the clock of `setInterval`, until `jest.advanceTimersByTime` moves it; timeouts, promises and sockets go
 * on. `jest.useRealTimers` ends it.
 */
export function stopIntervals(): void {
  jest.useFakeTimers({
    doNotFake: [
      'Date',
      'cancelAnimationFrame',
      'cancelIdleCallback',
      'clearImmediate',
      'clearTimeout',
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'requestAnimationFrame',
      'requestIdleCallback',
      'setImmediate',
      'setTimeout',
    ],
  });
}
