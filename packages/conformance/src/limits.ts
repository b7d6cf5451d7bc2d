/** The largest message of the test suite. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** Cases 9.3.1 and 9.4.1 send 4 MiB as 65,536 fragments of 64 bytes, and an empty final one. */
export const MAX_FRAGMENTS = 65_537;
/** The suite prepares its largest cases before it answers the handshake, on one thread: with CPU to share, for minutes. */
export const HANDSHAKE_TIMEOUT_MS = 600_000;

/** Compresses every message, because the suite's messages start at 16 bytes. */
export const PER_MESSAGE_DEFLATE = { threshold: 0 } as const;
