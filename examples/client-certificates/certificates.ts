import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { selfSignedCertificate, type Certificate } from '../certificate';

/** The certificates of the server and of its users. */
export interface Certificates {
  readonly server: Certificate;
  readonly ann: Certificate;
  readonly bob: Certificate;
}

export function makeCertificates(): Certificates {
  return { server: selfSignedCertificate(), ann: selfSignedCertificate('ann'), bob: selfSignedCertificate('bob') };
}

/** The server stores them here for the client while it runs. In a real system, each side has only its own key. */
const FOLDER = join(__dirname, 'certificates');

export function saveCertificates(certificates: Certificates): void {
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
  for (const [name, { key, cert }] of Object.entries<Certificate>({ ...certificates })) {
    writeFileSync(join(FOLDER, `${name}-key.pem`), key, { mode: 0o600 });
    writeFileSync(join(FOLDER, `${name}.pem`), cert);
  }
}

export function removeCertificates(): void {
  rmSync(FOLDER, { recursive: true, force: true });
}

/** @throws an error of Node when no server runs */
export function readCertificates(): Certificates {
  return { server: read('server'), ann: read('ann'), bob: read('bob') };
}

function read(name: string): Certificate {
  const text = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');
  return { key: text(`${name}-key.pem`), cert: text(`${name}.pem`) };
}
