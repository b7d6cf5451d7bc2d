import { readCertificates, type Certificates } from './certificates';
import { visitAll } from './visitor';

// npm run example -- client-certificates client [server]
const server = process.argv[2] ?? 'wss://localhost:8080';
const certificates = readIfThere();
if (certificates === undefined) {
  console.error('There are no certificates. Is the server running?');
  process.exitCode = 1;
} else {
  visitAll(server, certificates, console.log).catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}

function readIfThere(): Certificates | undefined {
  try {
    return readCertificates();
  } catch {
    return undefined;
  }
}
