/** Why a connection is failed, with the code: the peer broke a rule (RFC 6455 7.1.7), or we met what we did not expect. */
export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation';

  constructor(
    readonly closeCode: 1002 | 1007 | 1008 | 1009 | 1011,
    message: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}
