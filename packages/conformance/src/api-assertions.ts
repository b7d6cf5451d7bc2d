import type { Assertions } from './assertions';

const UNREACHABLE = 'it is a DeploymentException with the code WS_CONNECT_IO, as in Tomcat.';
const NEVER_FAILS =
  'close hands its frame to the connection and never fails; a connection that breaks meanwhile is told to the close method.';

/** The public API's documentation, class by class. */
export const API_DOCUMENTATION: Assertions = {
  ClientEndpoint: {
    'JAVADOC:1': 'configurator names a class of which each logical endpoint has an instance.',
    'JAVADOC:2': 'decoders names the classes that decode what the client receives.',
    'JAVADOC:3': 'encoders names the classes that encode what the client sends.',
    'JAVADOC:4': 'subprotocols names the subprotocols that the client speaks.',
  },
  ClientEndpointConfig: {
    'JAVADOC:5': 'getConfigurator gives the developer’s configurator, else the platform’s own.',
    'JAVADOC:6': 'getExtensions gives the extensions that the client would like, favourite first.',
    'JAVADOC:7': 'getPreferredSubprotocols gives the subprotocols that the client would like, favourite first.',
  },
  'ClientEndpointConfig.Builder': {
    'JAVADOC:8': 'build makes a configuration of what was set.',
    'JAVADOC:9': 'configurator sets the configurator.',
    'JAVADOC:10': 'create begins with empty lists and no configurator.',
    'JAVADOC:11': 'decoders sets the decoder classes.',
    'JAVADOC:12': 'encoders sets the encoder classes.',
    'JAVADOC:13': 'extensions sets the extensions, favourite first.',
    'JAVADOC:14': 'preferredSubprotocols sets the subprotocols, favourite first.',
  },
  'ClientEndpointConfig.Configurator': {
    'JAVADOC:15': 'afterResponse is called with the server’s response.',
    'JAVADOC:16': 'beforeRequest is called before the request is sent, and may change its headers.',
    'JAVADOC:17': 'A configurator is made without arguments.',
  },
  CloseReason: {
    'JAVADOC:18': 'It is made with a code and a phrase.',
    'JAVADOC:19': 'getCloseCode gives the code.',
    'JAVADOC:20': 'getReasonPhrase gives the phrase.',
    'JAVADOC:21': 'toString tells both, for people.',
  },
  'CloseReason.CloseCode': {
    'JAVADOC:22': 'getCode gives the number.',
  },
  'CloseReason.CloseCodes': {
    'JAVADOC:23': 'getCloseCode finds the code of a number, and refuses what is none.',
    'JAVADOC:24': 'getCode gives the number of a constant.',
    'JAVADOC:25': 'valueOf finds a constant by its name.',
    'JAVADOC:26': 'values lists the constants.',
  },
  ContainerProvider: {
    'JAVADOC:27': 'A provider is made without arguments.',
    'JAVADOC:28': {
      says: 'getWebSocketContainer gives the container of the implementation that is present.',
      differs: 'an implementation registers itself when it is loaded; there are no service files.',
    },
  },
  DecodeException: {
    'JAVADOC:29': 'It is made with bytes, a message and a cause.',
    'JAVADOC:30': 'It is made with a text, a message and a cause.',
    'JAVADOC:31': 'It is made with bytes and a message.',
    'JAVADOC:32': 'It is made with a text and a message.',
    'JAVADOC:33': 'getBytes gives the bytes that failed, or null for a text.',
    'JAVADOC:34': 'getText gives the text that failed, or null for bytes.',
  },
  Decoder: {
    'JAVADOC:35': 'destroy is called when the decoder’s service ends.',
    'JAVADOC:36': 'init is called with the endpoint’s configuration before its service begins.',
  },
  'Decoder.Binary': {
    'JAVADOC:37': 'decode makes an object of bytes.',
    'JAVADOC:38': 'A DecodeException of decode goes to the error method.',
    'JAVADOC:39': 'willDecode tells whether it takes the bytes.',
  },
  'Decoder.BinaryStream': {
    'JAVADOC:40': 'decode makes an object of what it reads from the stream.',
    'JAVADOC:41': 'A DecodeException of decode goes to the error method.',
    'JAVADOC:42': 'An IOException of decode goes to the error method.',
  },
  'Decoder.Text': {
    'JAVADOC:43': 'decode makes an object of a text.',
    'JAVADOC:44': 'A DecodeException of decode goes to the error method.',
    'JAVADOC:45': 'willDecode tells whether it takes the text.',
  },
  'Decoder.TextStream': {
    'JAVADOC:46': 'decode makes an object of what it reads from the Reader.',
    'JAVADOC:47': 'A DecodeException of decode goes to the error method.',
    'JAVADOC:48': 'An IOException of decode goes to the error method.',
  },
  DeploymentException: {
    'JAVADOC:49': 'It is made with a message.',
    'JAVADOC:50': 'It is made with a message and a cause.',
  },
  EncodeException: {
    'JAVADOC:51': 'It is made with the object and a message.',
    'JAVADOC:52': 'It is made with the object, a message and a cause.',
    'JAVADOC:53': 'getObject gives the object.',
  },
  Encoder: {
    'JAVADOC:54': 'destroy is called when the encoder’s service ends.',
    'JAVADOC:55': 'init is called with the endpoint’s configuration before its service begins.',
  },
  'Encoder.Binary': {
    'JAVADOC:56': 'encode makes bytes of an object.',
    'JAVADOC:57': 'An EncodeException of encode is passed on.',
  },
  'Encoder.BinaryStream': {
    'JAVADOC:58': 'encode writes an object to the stream.',
    'JAVADOC:59': 'An EncodeException of encode is passed on.',
    'JAVADOC:60': 'An IOException of encode is passed on.',
  },
  'Encoder.Text': {
    'JAVADOC:61': 'encode makes a text of an object.',
    'JAVADOC:62': 'An EncodeException of encode is passed on.',
  },
  'Encoder.TextStream': {
    'JAVADOC:63': 'encode writes an object to the Writer.',
    'JAVADOC:64': 'An EncodeException of encode is passed on.',
    'JAVADOC:65': 'An IOException of encode is passed on.',
  },
  Endpoint: {
    'JAVADOC:66': 'An endpoint is made without arguments.',
    'JAVADOC:67': 'onClose is called before the session ends, whoever ends it; the session’s data can still be read.',
    'JAVADOC:68': 'onError is told of errors of handlers, and of messages that cannot be decoded.',
    'JAVADOC:69': 'onOpen is told of each new conversation.',
  },
  EndpointConfig: {
    'JAVADOC:70': 'getDecoders gives the decoder classes, of which the container makes what decodes.',
    'JAVADOC:71': 'getEncoders gives the encoder classes, of which the container makes what encodes.',
    'JAVADOC:72': {
      says: 'getUserProperties gives a map for the developer’s own data.',
      differs: 'each connection has a shallow copy of it, as WebSocket 2.1 asks for.',
    },
  },
  Extension: {
    'JAVADOC:73': 'getName gives the name.',
    'JAVADOC:74': 'getParameters gives the parameters in the order of the header.',
  },
  'Extension.Parameter': {
    'JAVADOC:75': 'getName gives the name.',
    'JAVADOC:76': 'getValue gives the value.',
  },
  HandshakeResponse: {
    'JAVADOC:77': 'getHeaders gives the headers that the server sends.',
  },
  'MessageHandler.Partial': {
    'JAVADOC:78': {
      says: 'onMessage is called with each part of a message as it arrives.',
      differs: 'over the ws engine a message is one part, the last.',
    },
  },
  'MessageHandler.Whole': {
    'JAVADOC:79': 'onMessage is called once a message has arrived.',
  },
  OnMessage: {
    'JAVADOC:80':
      'maxMessageSize bounds whole messages, in bytes; a larger one closes the connection as too big. -1, the default, sets no bound.',
  },
  PongMessage: {
    'JAVADOC:81': 'getApplicationData gives the data of the peer’s pong.',
  },
  RemoteEndpoint: {
    'JAVADOC:82': 'flushBatch sends what batching has collected.',
    'JAVADOC:83': 'It fails with an IOException when that cannot be sent.',
    'JAVADOC:84': 'getBatchingAllowed tells whether messages may be collected; at first they may not.',
    'JAVADOC:85': 'sendPing sends a ping, whose pong can be listened for.',
    'JAVADOC:86': 'It fails with an IOException when it cannot be sent.',
    'JAVADOC:87': 'It refuses more than 125 bytes as an illegal argument.',
    'JAVADOC:88': 'sendPong sends a pong that nobody has asked for.',
    'JAVADOC:89': 'It fails with an IOException when it cannot be sent.',
    'JAVADOC:90': 'It refuses more than 125 bytes as an illegal argument.',
    'JAVADOC:91':
      'setBatchingAllowed lets messages be collected, whose sends then are complete; false sends what was collected.',
    'JAVADOC:92': 'It fails with an IOException when that cannot be sent.',
  },
  'RemoteEndpoint.Async': {
    'JAVADOC:93':
      'getSendTimeout gives the time that a send may take, at first the container’s default; not above 0, it may take any.',
    'JAVADOC:94': 'sendBinary returns before the bytes are sent; a promise tells how it went.',
    'JAVADOC:95': 'sendBinary with a handler tells the handler how it went.',
    'JAVADOC:96': 'sendObject encodes and sends an object; primitives need no encoder. A promise tells how it went.',
    'JAVADOC:97': 'sendObject with a handler tells the handler how it went.',
    'JAVADOC:98': 'sendText with a handler tells the handler how it went.',
    'JAVADOC:99': 'sendText returns before the text is sent; a promise tells how it went.',
    'JAVADOC:100': 'setSendTimeout sets the time that a send may take; not above 0, it may take any.',
  },
  'RemoteEndpoint.Basic': {
    'JAVADOC:101': 'getSendStream opens a stream for one binary message, which ends when that is closed.',
    'JAVADOC:102': 'It fails with an IOException when there is no connection to open one on.',
    'JAVADOC:103': 'getSendWriter opens a writer for one text message, which ends when that is closed.',
    'JAVADOC:104': 'It fails with an IOException when there is no connection to open one on.',
    'JAVADOC:105': 'sendBinary sends a message of bytes.',
    'JAVADOC:106': 'It fails with an IOException when the message cannot be delivered.',
    'JAVADOC:107': 'sendBinary with isLast sends one part of a message, in order; true ends it.',
    'JAVADOC:108': 'It fails with an IOException when the part cannot be delivered.',
    'JAVADOC:109':
      'sendObject encodes and sends an object; primitives need no encoder, and a developer’s encoder for them goes first.',
    'JAVADOC:110': 'It fails with an IOException when the message cannot be delivered.',
    'JAVADOC:111': 'It fails with an EncodeException when the object cannot be encoded.',
    'JAVADOC:112': 'sendText sends a message of text.',
    'JAVADOC:113': 'It fails with an IOException when the message cannot be delivered.',
    'JAVADOC:114': 'sendText with isLast sends one part of a message, in order; true ends it.',
    'JAVADOC:115': 'It fails with an IOException when the part cannot be delivered.',
  },
  SendHandler: {
    'JAVADOC:116': 'onResult is called once the send is over.',
  },
  SendResult: {
    'JAVADOC:117': 'getException gives why the send failed.',
    'JAVADOC:118': 'isOK tells whether it went well.',
    'JAVADOC:119': 'It is made with an exception for a send that failed.',
    'JAVADOC:120': 'It is made without one for a send that went well.',
  },
  Session: {
    'JAVADOC:121': {
      says: 'addMessageHandler registers a handler; its type is found out.',
      differs: 'without a class the handler receives texts; whether in parts, its number of parameters says.',
    },
    'JAVADOC:122': 'A second handler for a native kind of message is refused as an illegal state.',
    'JAVADOC:123': 'close closes with 1000 and without a phrase.',
    'JAVADOC:124': { says: 'It tells when the connection fails meanwhile.', differs: NEVER_FAILS },
    'JAVADOC:125': 'close with a reason sends what waits, sends the reason, and has the close method called.',
    'JAVADOC:126': { says: 'It tells when the connection fails meanwhile.', differs: NEVER_FAILS },
    'JAVADOC:127': 'getAsyncRemote gives what sends to the peer without waiting.',
    'JAVADOC:128': 'getBasicRemote gives what sends to the peer and waits.',
    'JAVADOC:129': 'getContainer gives the container that the session is in.',
    'JAVADOC:130': 'getId gives a name that no other session has.',
    'JAVADOC:131':
      'getMaxBinaryMessageBufferSize gives the bytes of the largest whole binary message; a larger one closes as too big.',
    'JAVADOC:132': 'getMaxIdleTimeout gives the time without messages after which the session may be closed.',
    'JAVADOC:133': {
      says: 'getMaxTextMessageBufferSize gives the size of the largest whole text; a larger one closes as too big.',
      differs: 'it counts the bytes of the UTF-8.',
    },
    'JAVADOC:134': 'getMessageHandlers gives a copy of the registered handlers.',
    'JAVADOC:135': 'getNegotiatedExtensions gives the extensions in use.',
    'JAVADOC:136': 'getNegotiatedSubprotocol gives the subprotocol agreed on.',
    'JAVADOC:137': 'getOpenSessions gives a copy of the open sessions of the same endpoint.',
    'JAVADOC:138': 'getPathParameters gives the variables of the template with their values.',
    'JAVADOC:139': 'getProtocolVersion gives the version of the handshake: 13.',
    'JAVADOC:140': 'getQueryString gives the query of the request.',
    'JAVADOC:141': 'getRequestParameterMap gives the parameters of the request.',
    'JAVADOC:142': 'getRequestURI gives the URI of the request, with its query.',
    'JAVADOC:143': 'getUserPrincipal gives the session’s user, or null.',
    'JAVADOC:144': 'getUserProperties gives a map for the developer’s own data, from open to close.',
    'JAVADOC:145': {
      says: 'isOpen tells whether the connection is open.',
      differs: 'it is true inside the close method still, which can use the session.',
    },
    'JAVADOC:146': 'isSecure tells whether the connection is encrypted.',
    'JAVADOC:147': 'removeMessageHandler removes a handler.',
    'JAVADOC:148': 'setMaxBinaryMessageBufferSize sets the bytes of the largest whole binary message.',
    'JAVADOC:149':
      'setMaxIdleTimeout sets the time without messages after which the session is closed; not above 0, it never is.',
    'JAVADOC:150': 'setMaxTextMessageBufferSize sets the size of the largest whole text.',
    'JAVADOC:212': 'addMessageHandler with a class registers a handler of whole messages.',
    'JAVADOC:213': 'addMessageHandler with a class registers a handler of parts.',
  },
  SessionException: {
    'JAVADOC:151': 'getSession gives the session.',
    'JAVADOC:152': 'It is made with a message, a cause and the session.',
  },
  WebSocketContainer: {
    'JAVADOC:153': 'connectToServer connects an instance of an annotated class.',
    'JAVADOC:154': 'A DeploymentException says that the instance is not valid.',
    'JAVADOC:155': { says: 'An IOException says that the server could not be reached.', differs: UNREACHABLE },
    'JAVADOC:156': 'connectToServer connects an annotated class.',
    'JAVADOC:157': 'A DeploymentException says that the class is not valid.',
    'JAVADOC:158': { says: 'An IOException says that the server could not be reached.', differs: UNREACHABLE },
    'JAVADOC:159': 'connectToServer connects an instance of Endpoint with a configuration.',
    'JAVADOC:160': 'A DeploymentException says that the configuration is not valid.',
    'JAVADOC:161': { says: 'An IOException says that the server could not be reached.', differs: UNREACHABLE },
    'JAVADOC:162': 'connectToServer connects a subclass of Endpoint with a configuration.',
    'JAVADOC:163': 'A DeploymentException says that the configuration is not valid.',
    'JAVADOC:164': { says: 'An IOException says that the server could not be reached.', differs: UNREACHABLE },
    'JAVADOC:165': 'getDefaultAsyncSendTimeout gives the time that an asynchronous send may take by default.',
    'JAVADOC:166': 'getDefaultMaxBinaryMessageBufferSize gives the default for the largest whole binary message.',
    'JAVADOC:167': 'getDefaultMaxSessionIdleTimeout gives the default for the time without messages.',
    'JAVADOC:168': 'getDefaultMaxTextMessageBufferSize gives the default for the largest whole text.',
    'JAVADOC:169': 'getInstalledExtensions gives the extensions that the container has.',
    'JAVADOC:170': 'setAsyncSendTimeout sets the default for asynchronous sends.',
    'JAVADOC:171': 'setDefaultMaxBinaryMessageBufferSize sets the default for the largest whole binary message.',
    'JAVADOC:172': 'setDefaultMaxSessionIdleTimeout sets the default for the time without messages.',
    'JAVADOC:173': 'setDefaultMaxTextMessageBufferSize sets the default for the largest whole text.',
  },
  HandshakeRequest: {
    'JAVADOC:174': 'getHeaders gives the headers by names in any case; they cannot be changed.',
    'JAVADOC:175': 'getHttpSession gives the HTTP session of the client: the one that the host has put on its request.',
    'JAVADOC:176': 'getParameterMap gives the parameters of the request.',
    'JAVADOC:177': 'getQueryString gives the query of the request.',
    'JAVADOC:178': 'getRequestURI gives the URI of the request.',
    'JAVADOC:179': 'getUserPrincipal gives the user, or null.',
    'JAVADOC:180': {
      says: 'isUserInRole tells whether the user has a role; nobody has none.',
      differs: 'the `isUserInRole` option knows the roles, there being no deployment descriptor.',
    },
  },
  PathParam: {
    'JAVADOC:181': 'value names a variable; the parameter is null where the template has no such variable.',
  },
  ServerApplicationConfig: {
    'JAVADOC:182': 'getAnnotatedEndpointClasses chooses from the annotated classes that a scan has found.',
    'JAVADOC:183': 'getEndpointConfigs chooses configurations for the programmatic classes that a scan has found.',
  },
  ServerContainer: {
    'JAVADOC:184': {
      says: 'addEndpoint deploys an annotated class while an application is deployed.',
      differs: 'endpoints are taken at any time, unless `noAddAfterHandshake` forbids it.',
    },
    'JAVADOC:185': 'A DeploymentException says what is wrong with the class.',
    'JAVADOC:186': 'addEndpoint deploys a configuration.',
    'JAVADOC:187': 'A DeploymentException says what is wrong with it.',
  },
  ServerEndpoint: {
    'JAVADOC:188':
      'configurator names a class of which each endpoint has an instance; without it the container’s own is used.',
    'JAVADOC:189': 'decoders are tried in their order, and the first that can decodes.',
    'JAVADOC:190': 'encoders are tried in their order, and the first that can encodes.',
    'JAVADOC:191': 'subprotocols names the subprotocols that the endpoint speaks.',
    'JAVADOC:192': {
      says: 'value is a path or a level-1 template below the container’s root, with a leading slash; one at the end means nothing.',
      differs: 'a slash at the end makes another path, as in Tomcat.',
    },
  },
  ServerEndpointConfig: {
    'JAVADOC:193': 'getConfigurator gives the configurator that was set, else the platform’s own.',
    'JAVADOC:194': 'getEndpointClass gives the class, annotated or programmatic.',
    'JAVADOC:195': 'getExtensions gives the extensions.',
    'JAVADOC:196': 'getPath gives the path, which begins with a slash.',
    'JAVADOC:197': 'getSubprotocols gives the subprotocols.',
  },
  'ServerEndpointConfig.Builder': {
    'JAVADOC:198': 'build makes a configuration of what was set so far.',
    'JAVADOC:199': 'configurator sets the configurator.',
    'JAVADOC:200': 'create begins with a class, a path and nothing else.',
    'JAVADOC:201': 'decoders sets the decoder classes.',
    'JAVADOC:202': 'encoders sets the encoder classes.',
    'JAVADOC:203': 'extensions sets the extensions.',
    'JAVADOC:204': 'subprotocols sets the subprotocols.',
  },
  'ServerEndpointConfig.Configurator': {
    'JAVADOC:205': 'checkOrigin decides by the Origin header; by default a foreign one is refused.',
    'JAVADOC:206': 'getEndpointInstance makes what serves a new connection; by default a new instance each time.',
    'JAVADOC:207': 'An instance that cannot be made fails the handshake.',
    'JAVADOC:208':
      'getNegotiatedExtensions chooses extensions; by default all requested ones that are installed, in the client’s order.',
    'JAVADOC:209':
      'getNegotiatedSubprotocol chooses a subprotocol; by default the first of the client’s that is supported, or none.',
    'JAVADOC:210': 'modifyHandshake comes after all checks, and may change the response.',
    'JAVADOC:211': 'A configurator is made without arguments.',
  },
};
