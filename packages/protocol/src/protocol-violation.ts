/** The peer broke a rule; the connection is failed with the code (RFC 6455 7.1.7). */
export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation';

  constructor(
    readonly closeCode: 1002 | 1007 | 1008 | 1009,
    message: string,
  ) {
    super(message);
  }
}
