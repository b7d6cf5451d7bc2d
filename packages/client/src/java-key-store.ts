import { createHash, timingSafeEqual } from 'node:crypto';

/** The first bytes of the format. */
export const JKS_MAGIC = 0xfeedfeed;

/** The digest at the end. */
const SHA1_BYTES = 20;

/**
 * Reads the certificates in a key store in Java's old format (JKS, versions 1 and 2): the trusted ones, and the first of
 * each key's chain. It skips the keys.
 *
 * The format's only specification is its implementation. Integers are big-endian. Strings and certificate types have a
 * length of 2 bytes, everything else one of 4:
 *
 *     FEEDFEED · version · count · entries · SHA-1 over UTF-16 of the password, "Mighty Aphrodite" and all before
 *     key:         1 · alias · 8 bytes of time · encrypted key · number of certificates · certificates
 *     certificate: 2 · alias · 8 bytes of time · certificate
 *
 * @returns DER
 * @throws RangeError when the file is truncated, TypeError when it has another format, Error when the password is wrong
 */
export function readJavaKeyStore(file: Buffer, password: string): readonly Buffer[] {
  const content = file.subarray(0, Math.max(file.length - SHA1_BYTES, 0));
  const digest = createHash('sha1')
    .update(Buffer.from(password, 'utf16le').swap16())
    .update('Mighty Aphrodite')
    .update(content)
    .digest();
  let position = 0;
  const integer = (): number => content.readUInt32BE((position += 4) - 4);
  const bytes = (length: number): Buffer => {
    if (length > content.length - position) throw new RangeError('it is truncated');
    return content.subarray(position, (position += length));
  };
  const text = (): string => bytes(content.readUInt16BE((position += 2) - 2)).toString('latin1');

  if (integer() !== JKS_MAGIC) throw new TypeError('it is not JKS');
  const version = integer();
  if (version !== 1 && version !== 2) throw new TypeError(`its version is ${version}; expected 1 or 2`);
  // A truncated file has a wrong digest too; reading on tells the two apart.
  const isIntact = timingSafeEqual(digest, file.subarray(content.length, content.length + SHA1_BYTES));
  const certificate = (): Buffer => {
    if (version === 2) text();
    return bytes(integer());
  };
  const found: Buffer[] = [];
  for (let left = integer(); left > 0; left--) {
    const tag = integer();
    text();
    bytes(8);
    if (tag === 2) {
      found.push(certificate());
    } else if (tag === 1) {
      bytes(integer());
      for (let length = integer(), index = 0; index < length; index++) {
        const one = certificate();
        if (index === 0) found.push(one);
      }
    } else {
      throw new TypeError(`it has an entry of the kind ${tag}; expected 1 or 2`);
    }
  }
  if (!isIntact) throw new Error('the password is wrong, or the file was changed');
  return found;
}
