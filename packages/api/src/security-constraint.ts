import { badOption, isOptionsObject, type OptionKind } from './options';

/** The clients that may open an endpoint, and how. */
export interface SecurityConstraint {
  /**
   * The roles of which a user needs one. `'**'` stands for any user; the empty list lets nobody in. Default: everybody may
   * open it, without a user too.
   */
  readonly rolesAllowed?: readonly string[] | undefined;
  /** Whether only `wss:` may open it: `'CONFIDENTIAL'`, or the same by the name `'INTEGRAL'`. Default `'NONE'`. */
  readonly transportGuarantee?: TransportGuaranteeName | undefined;
}

export type TransportGuaranteeName = 'NONE' | 'INTEGRAL' | 'CONFIDENTIAL';

export const TRANSPORTS: ReadonlySet<unknown> = new Set(['NONE', 'INTEGRAL', 'CONFIDENTIAL']);
const EXPECTED =
  "an object with rolesAllowed, a list of names, and transportGuarantee, 'NONE', 'INTEGRAL' or 'CONFIDENTIAL'";

export const SECURITY_CONSTRAINT: OptionKind<SecurityConstraint> = {
  expected: EXPECTED,
  read(given, name) {
    if (!isOptionsObject(given)) throw badOption(name, EXPECTED, given);
    const { rolesAllowed, transportGuarantee, ...others } = given;
    const [unknown] = Object.keys(others);
    // A typing mistake must not open an endpoint to everybody.
    if (unknown !== undefined)
      throw badOption(
        `${name}.${unknown}`,
        'not a member; it has rolesAllowed and transportGuarantee',
        others[unknown],
      );
    if (rolesAllowed !== undefined && !isListOfNames(rolesAllowed))
      throw badOption(`${name}.rolesAllowed`, 'a list of role names', rolesAllowed);
    if (transportGuarantee !== undefined && !TRANSPORTS.has(transportGuarantee))
      throw badOption(`${name}.transportGuarantee`, "'NONE', 'INTEGRAL' or 'CONFIDENTIAL'", transportGuarantee);
    return given;
  },
};

export function isListOfNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string' && one !== '');
}
