import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const LOCALHOST = 'localhost';

/** Key and certificate for Node's TLS, of a server or a client, as PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/**
 * A key and a self-signed certificate, valid for a week, for experiments on your own machine. A real certificate needs
 * none of this.
 *
 * @param subject its common name. `localhost`, the default, makes a server certificate for this machine; browsers warn
 *   about it. Any other name makes a client certificate
 */
export function selfSignedCertificate(subject = LOCALHOST): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const day = 24 * 60 * 60 * 1000;
  const name = sequence(set(sequence(oid(85, 4, 3), utf8String(subject))));
  // RFC 5280 4.1: the signed part, field by field.
  const signed = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    name,
    sequence(utcTime(Date.now() - day), utcTime(Date.now() + 7 * day)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(subject === LOCALHOST ? [explicit(3, sequence(subjectAltName()))] : []),
  );
  const signature = sign('sha256', signed, privateKey);
  const certificate = sequence(signed, ECDSA_WITH_SHA256, tagged(0x03, Buffer.from([0]), signature));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`,
  };
}

// DER: a tag, a length, the contents.
function tagged(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const lengthBytes = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...lengthBytes]), content]);
}

const sequence = (...contents: readonly Uint8Array[]): Buffer => tagged(0x30, ...contents);
const set = (...contents: readonly Uint8Array[]): Buffer => tagged(0x31, ...contents);
const explicit = (number: number, content: Uint8Array): Buffer => tagged(0xa0 | number, content);
const integer = (bytes: Uint8Array): Buffer => tagged(0x02, bytes);
const oid = (...bytes: readonly number[]): Buffer => tagged(0x06, Buffer.from(bytes));
const utf8String = (text: string): Buffer => tagged(0x0c, Buffer.from(text));
const utcTime = (at: number): Buffer =>
  tagged(0x17, Buffer.from(`${new Date(at).toISOString().slice(2, 19).replace(/[-T:]/g, '')}Z`));

/** 1.2.840.10045.4.3.2 */
const ECDSA_WITH_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2));

/** RFC 5280 4.2.1.6: the name and the addresses that a browser compares with the URL. */
function subjectAltName(): Buffer {
  const names = sequence(
    tagged(0x82, Buffer.from(LOCALHOST)),
    tagged(0x87, Buffer.from([127, 0, 0, 1])),
    tagged(0x87, Buffer.concat([Buffer.alloc(15), Buffer.from([1])])),
  );
  return sequence(oid(85, 29, 17), tagged(0x04, names));
}
