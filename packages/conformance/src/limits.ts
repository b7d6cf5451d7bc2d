/** What both ends of the test suite take: its largest message, and one fragment for each 256 bytes of it. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
export const MAX_FRAGMENTS = 65_536;

/** Every message is compressed, however short: the suite begins with 16 bytes. */
export const PER_MESSAGE_DEFLATE = { threshold: 0 } as const;
