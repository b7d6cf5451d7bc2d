import { X509Certificate } from 'node:crypto';
import {
  HandshakeRejection,
  OnOpen,
  Server,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
  type HandshakeRequest,
  type Principal,
} from 'serval';
import { main, type Running } from '../main';
import { makeCertificates, removeCertificates, saveCertificates, type Certificates } from './certificates';

/** The roles of each user. A certificate says who somebody is, and nothing more. */
const ROLES: ReadonlyMap<string, readonly string[]> = new Map([
  ['ann', ['clerk', 'auditor']],
  ['bob', ['clerk']],
]);

/**
 * The user is the common name of the certificate's subject. The TLS handshake verified the certificate, and that the
 * client has its key.
 */
function authenticate(request: HandshakeRequest): Principal | null {
  const [own] = request.getUserX509CertificateChain() ?? [];
  if (own === undefined) return null;
  const { CN } = new X509Certificate(own).toLegacyObject().subject;
  // A subject may have several, or none.
  return typeof CN === 'string' ? { getName: () => CN } : null;
}

/** Accepts a user with the role in the path. */
class InRole extends ServerEndpointConfig.Configurator {
  override modifyHandshake(_config: ServerEndpointConfig, request: HandshakeRequest): void {
    const [role = ''] = request.getParameterMap().get('role') ?? [];
    if (!request.isUserInRole(role)) throw new HandshakeRejection(403, { body: `You are no ${role}.\n` });
  }
}

@ServerEndpoint('/ledger/{role}', { configurator: InRole })
export class Ledger {
  @OnOpen
  greet(session: Session): void {
    session.send(`Welcome, ${session.user?.getName() ?? 'nobody'}. You have the ledger as ${session.params.role}.`);
  }
}

/** @param certificates the server's, and those of its users, trusted one by one because there is no CA */
export function start(port: number, { server, ...users }: Certificates): Promise<Server> {
  return new Server({
    port,
    endpoints: [Ledger],
    tls: { ...server, requestCert: true, ca: Object.values(users).map(({ cert }) => cert) },
    authenticate,
    isUserInRole: (user, role) => ROLES.get(user.getName())?.includes(role) ?? false,
  }).start();
}

async function startWithFiles(port: number): Promise<Running> {
  const certificates = makeCertificates();
  const server = await start(port, certificates);
  saveCertificates(certificates);
  const stop = (): Promise<void> => server.stop().finally(removeCertificates);
  return { port: server.port, stop };
}

if (require.main === module) void main(startWithFiles, 'wss://localhost/ledger/clerk');
