import { validateHeaderName, validateHeaderValue } from 'node:http';
import { ClientEndpointConfig, DeploymentException, HandshakeException } from '@serval/api';
import { badOption, describeKind, isOptionsObject, type OptionKind } from '@serval/api/spi';
import { toError } from '@serval/container';

/** Headers of the handshake request, by name. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[]>>;

type HeaderList = readonly (readonly [name: string, values: readonly string[]])[];

const EXPECTED = 'an object of headers by name, such as { Authorization: "Bearer …" }';

/** The option `headers` of `connect`. */
export const HEADERS: OptionKind<HeaderList | (() => unknown)> = {
  expected: `${EXPECTED}, or a function that returns one`,
  // The caller is responsible for the signature.
  read: (given, name) =>
    typeof given === 'function' ? (given as () => unknown) : readHeaders(given, name, HEADERS.expected),
};

/** @param name stands before the names of headers in messages, which show no value: it may be a password or a token */
function readHeaders(given: unknown, name: string, expected = EXPECTED): HeaderList {
  if (!isOptionsObject(given)) throw badOption(name, expected, given, '', describeKind);
  return Object.entries(given).map(([header, value]) => {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return [header, values.map((one) => requireSendable(name, header, one))];
  });
}

/** @throws DeploymentException when Node cannot send the header */
export function requireSendable(option: string, name: string, value: unknown): string {
  if (typeof value !== 'string') throw badOption(`${option}.${name}`, 'a text', value);
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch (thrown) {
    // Node's message does not show the value.
    throw new DeploymentException(
      `${option}: ${JSON.stringify(name)} cannot be sent: ${toError(thrown).message}.`,
      thrown,
      'WS_DEPLOY_BAD_OPTION',
    );
  }
  return value;
}

/** Sets the headers, then calls the endpoint's own configurator. */
export class HeaderSetter extends ClientEndpointConfig.Configurator {
  constructor(
    private readonly given: HeaderList | (() => unknown),
    private readonly configurator: ClientEndpointConfig.Configurator,
  ) {
    super();
  }

  override async beforeRequest(headers: Map<string, string[]>): Promise<void> {
    for (const [name, values] of await this.#headers()) headers.set(name, [...values]);
    await this.configurator.beforeRequest(headers);
  }

  async #headers(): Promise<HeaderList> {
    if (typeof this.given !== 'function') return this.given;
    try {
      return readHeaders(await this.given(), 'headers()');
    } catch (thrown) {
      const cause = toError(thrown);
      throw new HandshakeException(
        cause instanceof DeploymentException ? cause.message : `The function headers threw: ${cause.message}`,
        cause,
        'WS_CONNECT_ENDPOINT',
      );
    }
  }

  override afterResponse(
    ...response: Parameters<ClientEndpointConfig.Configurator['afterResponse']>
  ): void | Promise<void> {
    return this.configurator.afterResponse(...response);
  }
}
