import { OnMessage, PathParam, ServerEndpoint } from 'serval';
import { ErrorReporter } from '../../common/error-reporter';
import { doubleToString } from '../../common/java-numbers';
import { TextEcho } from '../../common/text-echo';
import type { TckContext } from '../../context';
import {
  CaseInsensitiveHeaderNamesConfigurator,
  GetLocalAddressConfigurator,
  GetLocalHostNameConfigurator,
  GetLocalPortConfigurator,
  GetLocaleFrenchConfigurator,
  GetLocaleGermanConfigurator,
  GetLocaleNoHeaderConfigurator,
  GetQueryStringConfigurator,
  GetRemoteAddressConfigurator,
  GetRemoteHostNameConfigurator,
  GetRemotePortConfigurator,
  GetRequestUriConfigurator,
  GetUserPrincipalNotAuthenticatedConfigurator,
  GetUserX509CertificateChainNotAuthenticatedConfigurator,
  IsUserInRoleNotAuthenticatedConfigurator,
  PathParamConfigurator,
  ReadonlyGetHeadersConfigurator,
  ReadonlyGetParamsConfigurator,
} from './configurators';

@ServerEndpoint('/caseinsensitiveheadernames', { configurator: CaseInsensitiveHeaderNamesConfigurator })
class WSCCaseInsensitiveHeaderNamesServer extends TextEcho {}

@ServerEndpoint('/readonlygetheaders', { configurator: ReadonlyGetHeadersConfigurator })
class WSCReadOnlyGetHeadersServer extends TextEcho {}

@ServerEndpoint('/readonlygetparams', { configurator: ReadonlyGetParamsConfigurator })
class WSCReadOnlyGetParameterMapServer extends TextEcho {}

@ServerEndpoint('/getquerystring', { configurator: GetQueryStringConfigurator })
class WSCGetQueryStringServer extends TextEcho {}

@ServerEndpoint('/getrequesturi', { configurator: GetRequestUriConfigurator })
class WSCRequestUriServer extends TextEcho {}

@ServerEndpoint('/getuserprincipal', { configurator: GetUserPrincipalNotAuthenticatedConfigurator })
class WSCGetUserPrincipalServer extends TextEcho {}

@ServerEndpoint('/isuserinrole', { configurator: IsUserInRoleNotAuthenticatedConfigurator })
class WSCIsUserInRoleServer extends TextEcho {}

@ServerEndpoint('/getuserx509certificatechain', {
  configurator: GetUserX509CertificateChainNotAuthenticatedConfigurator,
})
class WSCGetUserX509CertifcateChainServer extends TextEcho {}

@ServerEndpoint('/getlocaladdress', { configurator: GetLocalAddressConfigurator })
class WSCGetLocalAddressServer extends TextEcho {}

@ServerEndpoint('/getlocalhostname', { configurator: GetLocalHostNameConfigurator })
class WSCGetLocalHostNameServer extends TextEcho {}

@ServerEndpoint('/getlocalport', { configurator: GetLocalPortConfigurator })
class WSCGetLocalPortServer extends TextEcho {}

@ServerEndpoint('/getremoteaddress', { configurator: GetRemoteAddressConfigurator })
class WSCGetRemoteAddressServer extends TextEcho {}

@ServerEndpoint('/getremotehostname', { configurator: GetRemoteHostNameConfigurator })
class WSCGetRemoteHostNameServer extends TextEcho {}

@ServerEndpoint('/getremoteport', { configurator: GetRemotePortConfigurator })
class WSCGetRemotePortServer extends TextEcho {}

@ServerEndpoint('/getlocalenoheader', { configurator: GetLocaleNoHeaderConfigurator })
class WSCGetLocaleNoHeaderServer extends TextEcho {}

@ServerEndpoint('/getlocalefrench', { configurator: GetLocaleFrenchConfigurator })
class WSCGetLocaleFrenchServer extends TextEcho {}

@ServerEndpoint('/getlocalegerman', { configurator: GetLocaleGermanConfigurator })
class WSCGetLocaleGermanServer extends TextEcho {}

@ServerEndpoint('/getoneparam/{first}', { configurator: PathParamConfigurator })
class WSCGetOneParamServer extends ErrorReporter {
  @OnMessage
  onMessage(@PathParam('first') first: string, message: string): string {
    return first + message;
  }
}

@ServerEndpoint('/gettwoparams/{first}/{second}', { configurator: PathParamConfigurator })
class WSCGetTwoParamsServer extends ErrorReporter {
  @OnMessage
  onMessage(@PathParam('first') first: bigint, @PathParam('second') second: number, message: string): string {
    return `${first};${doubleToString(second)};${message}`;
  }
}

export const context: TckContext = {
  root: '/wsc_ee_jakarta_websocket_handshakerequest_web',
  endpoints: [
    WSCCaseInsensitiveHeaderNamesServer,
    WSCReadOnlyGetHeadersServer,
    WSCReadOnlyGetParameterMapServer,
    WSCGetQueryStringServer,
    WSCRequestUriServer,
    WSCGetUserPrincipalServer,
    WSCIsUserInRoleServer,
    WSCGetUserX509CertifcateChainServer,
    WSCGetLocalAddressServer,
    WSCGetLocalHostNameServer,
    WSCGetLocalPortServer,
    WSCGetRemoteAddressServer,
    WSCGetRemoteHostNameServer,
    WSCGetRemotePortServer,
    WSCGetLocaleNoHeaderServer,
    WSCGetLocaleFrenchServer,
    WSCGetLocaleGermanServer,
    WSCGetOneParamServer,
    WSCGetTwoParamsServer,
  ],
};
