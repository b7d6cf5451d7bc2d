import type { TckContext } from '../context';
import { context as eeClientendpoint } from './ee-clientendpoint';
import { context as eeClientendpointconfig } from './ee-clientendpointconfig';
import { context as eeClientendpointonmessage } from './ee-clientendpointonmessage';
import { context as eeClientendpointreturntype } from './ee-clientendpointreturntype';
import { context as eeCoder } from './ee-coder';
import { context as eeContainerproviderMetainf } from './ee-containerprovider-metainf';
import { context as eeContainerproviderVi } from './ee-containerprovider-vi';
import { context as eeEndpointClient } from './ee-endpoint-client';
import { context as eeEndpointServer } from './ee-endpoint-server';
import { context as eeHandshakeresponse } from './ee-handshakeresponse';
import { context as eeProgramaticcoder } from './ee-programaticcoder';
import { context as eeRemoteendpointAsync } from './ee-remoteendpoint-async';
import { context as eeRemoteendpointBasic } from './ee-remoteendpoint-basic';
import { context as eeRemoteendpointUsercoderAsync } from './ee-remoteendpoint-usercoder-async';
import { context as eeRemoteendpointUsercoderAsyncwithhandler } from './ee-remoteendpoint-usercoder-asyncwithhandler';
import { context as eeRemoteendpointUsercoderBasic } from './ee-remoteendpoint-usercoder-basic';
import { context as eeServerHandshakerequest } from './ee-server-handshakerequest';
import { context as eeServerPathparam } from './ee-server-pathparam';
import { context as eeServerServerapplicationconfig } from './ee-server-serverapplicationconfig';
import { context as eeServerServerapplicationconfiginlib } from './ee-server-serverapplicationconfiginlib';
import { context as eeServerServerendpoint } from './ee-server-serverendpoint';
import { context as eeServerServerendpointconfig } from './ee-server-serverendpointconfig';
import { context as eeServerServerendpointconfigBuilder } from './ee-server-serverendpointconfig-builder';
import { context as eeServerServerendpointconfigConfigurator } from './ee-server-serverendpointconfig-configurator';
import { context as eeSession } from './ee-session';
import { context as eeSession11Client } from './ee-session11-client';
import { context as eeSession11Server } from './ee-session11-server';
import { context as eeSessionexception } from './ee-sessionexception';
import { context as eeThrowingcoderAnnotated } from './ee-throwingcoder-annotated';
import { context as eeWebsocketcontainer } from './ee-websocketcontainer';
import { context as eeWebsocketmessage } from './ee-websocketmessage';
import { context as eeWebsocketmessagereturntype } from './ee-websocketmessagereturntype';
import { context as specAnnotationInheritance } from './spec-annotation-inheritance';
import { context as specApplicationClosing } from './spec-application-closing';
import { context as specApplicationContainers } from './spec-application-containers';
import { context as specApplicationLifecycle } from './spec-application-lifecycle';
import { context as specConfigurationUrimatching } from './spec-configuration-urimatching';
import { context as specServercontainerAddendpoint } from './spec-servercontainer-addendpoint';
import { context as specServercontainerUpgradehttptowebsocket } from './spec-servercontainer-upgradehttptowebsocket';
import { context as specSessionSessionid } from './spec-session-sessionid';

/** Every application, by the name of its Java package. */
export const contexts: readonly TckContext[] = [
  eeClientendpoint,
  eeClientendpointconfig,
  eeClientendpointonmessage,
  eeClientendpointreturntype,
  eeCoder,
  eeContainerproviderMetainf,
  eeContainerproviderVi,
  eeEndpointClient,
  eeEndpointServer,
  eeHandshakeresponse,
  eeProgramaticcoder,
  eeRemoteendpointAsync,
  eeRemoteendpointBasic,
  eeRemoteendpointUsercoderAsync,
  eeRemoteendpointUsercoderAsyncwithhandler,
  eeRemoteendpointUsercoderBasic,
  eeServerHandshakerequest,
  eeServerPathparam,
  eeServerServerapplicationconfig,
  eeServerServerapplicationconfiginlib,
  eeServerServerendpoint,
  eeServerServerendpointconfig,
  eeServerServerendpointconfigBuilder,
  eeServerServerendpointconfigConfigurator,
  eeSession,
  eeSession11Client,
  eeSession11Server,
  eeSessionexception,
  eeThrowingcoderAnnotated,
  eeWebsocketcontainer,
  eeWebsocketmessage,
  eeWebsocketmessagereturntype,
  specAnnotationInheritance,
  specApplicationClosing,
  specApplicationContainers,
  specApplicationLifecycle,
  specConfigurationUrimatching,
  specServercontainerAddendpoint,
  specServercontainerUpgradehttptowebsocket,
  specSessionSessionid,
];
