import { X509Certificate } from 'node:crypto';
import { selfSignedCertificate } from './certificate';

test('the certificate of a server is for localhost and self-signed', () => {
  const certificate = new X509Certificate(selfSignedCertificate().cert);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect([certificate.checkHost('localhost'), certificate.checkIP('127.0.0.1'), certificate.checkIP('::1')]).toEqual([
    'localhost',
    '127.0.0.1',
    '::1',
  ]);
});

test('the certificate of a client has its name and no host name', () => {
  const certificate = new X509Certificate(selfSignedCertificate('Zoë').cert);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.toLegacyObject().subject.CN).toBe('Zoë');
  expect(certificate.subjectAltName).toBeUndefined();
});
