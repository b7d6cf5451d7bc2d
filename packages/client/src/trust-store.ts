import { createHash, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { cannotLoad } from '@serval/api/spi';
import type * as Forge from 'node-forge';
import { DeploymentException } from '@serval/api';
import { toError } from '@serval/container';
import { JKS_MAGIC, readJavaKeyStore } from './java-key-store';

/** Far more than any list of authorities needs. */
const MOST_BYTES = 16 * 1024 * 1024;

const PEM = /^-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----([\s\S]*?-----END (?:TRUSTED |X509 )?CERTIFICATE-----)?/;

/**
 * Reads the certificates of a trust store: a file in PKCS#12, JKS or PEM, or one certificate in DER. The client trusts
 * all of them.
 *
 * @param name the user property, for messages
 * @param password for PKCS#12 and JKS; the other formats have none
 * @returns at least one certificate, in PEM
 * @throws DeploymentException (as a rejection) when the file cannot be read, the password is wrong, or the store is empty
 */
export async function readTrustStore(name: string, path: string, password: string): Promise<string[]> {
  const wrong = (what: string, cause?: unknown): DeploymentException =>
    new DeploymentException(`${name}: ${path} ${what}.`, cause, 'WS_DEPLOY_BAD_OPTION');
  let file: Buffer;
  try {
    const found = await stat(path);
    if (!found.isFile() || found.size > MOST_BYTES)
      throw new TypeError(`it is not a file of at most ${MOST_BYTES} bytes`);
    file = await readFile(path);
  } catch (thrown) {
    throw wrong(`cannot be read: ${toError(thrown).message}; pass the path of a trust store`, thrown);
  }
  let certificates: string[];
  try {
    certificates = readCertificates(file, password);
  } catch (thrown) {
    // The file may be valid; the library for it is missing.
    if (thrown instanceof DeploymentException) throw thrown;
    throw wrong(
      `cannot be read as a trust store: ${toError(thrown).message}; pass PKCS#12, JKS or PEM, and the password as ${name}_PWD`,
      thrown,
    );
  }
  if (certificates.length === 0) throw wrong('has no certificate; add one, such as by keytool -importcert');
  return certificates;
}

function readCertificates(file: Buffer, password: string): string[] {
  if (file.length >= 4 && file.readUInt32BE() === JKS_MAGIC) return readJavaKeyStore(file, password).map(toPem);
  // 30: a sequence of ASN.1.
  if (file[0] === 0x30) return isCertificate(file) ? [toPem(file)] : readPkcs12(file, password).map(toPem);
  // Searches each part for its end once. Otherwise a file of beginnings without ends would take quadratic time.
  const parts = file.toString('latin1').split(/(?=-----BEGIN )/);
  const found = parts.map((part) => PEM.exec(part)).filter((match) => match !== null);
  if (found.length === 0) throw new TypeError('its format is unknown');
  if (found.some(([, end]) => end === undefined)) throw new TypeError('a certificate in it has no end');
  return found.map(([pem]) => toPem(Buffer.from(pem, 'latin1')));
}

/**
 * The PKCS#12 stores read last, by their bytes and password. Deriving the keys takes CPU time by design, and each connect
 * reads the store again.
 */
const lately = new Map<string, readonly Buffer[]>();
const MOST_LATELY = 8;

function readPkcs12(file: Buffer, password: string): readonly Buffer[] {
  const key = createHash('sha256').update(JSON.stringify(password)).update(file).digest('base64');
  const certificates = lately.get(key) ?? decryptPkcs12(file, password);
  // The last entry is the most recent.
  lately.delete(key);
  lately.set(key, certificates);
  for (const oldest of lately.keys()) {
    if (lately.size <= MOST_LATELY) break;
    lately.delete(oldest);
  }
  return certificates;
}

/** An optional peer, because it is large and most clients have no such store. */
function loadForge(): typeof Forge {
  // Bundlers accept a missing module only inside a try statement.
  try {
    return require('node-forge') as typeof Forge;
  } catch (cause) {
    throw cannotLoad('node-forge', 'a trust store of PKCS#12', cause);
  }
}

function decryptPkcs12(file: Buffer, password: string): readonly Buffer[] {
  const forge = loadForge();
  const store = forge.pkcs12.pkcs12FromAsn1(forge.asn1.fromDer(file.toString('latin1')), false, password);
  const bags = store.getBags({ bagType: forge.pki.oids.certBag })[forge.pki.oids.certBag ?? ''] ?? [];
  return bags.map(({ cert, asn1 }) => {
    // node-forge parses RSA certificates only; `asn1` holds all others.
    const encoded = cert ? forge.pki.certificateToAsn1(cert) : asn1;
    return Buffer.from(forge.asn1.toDer(encoded).getBytes(), 'latin1');
  });
}

function isCertificate(der: Buffer): boolean {
  try {
    return new X509Certificate(der).raw.length > 0;
  } catch {
    return false;
  }
}

/** @throws Error when the bytes are not a certificate */
function toPem(certificate: Buffer): string {
  return new X509Certificate(certificate).toString();
}
