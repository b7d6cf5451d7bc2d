import type { Assertions } from './assertions';

const UNREACHABLE = 'it is a DeploymentException with the code WS_CONNECT_IO, as in Tomcat.';
const NEVER_FAILS =
  'close hands its frame to the connection and never fails; if the connection breaks meanwhile, the close method is called.';

/** The public API's documentation, class by class. */
export const API_DOCUMENTATION: Assertions = {
  ClientEndpoint: {
    'JAVADOC:1': 'configurator names a class; each logical endpoint has one instance of it.',
    'JAVADOC:2': 'decoders names the classes that decode received messages.',
    'JAVADOC:3': 'encoders names the classes that encode sent messages.',
    'JAVADOC:4': 'subprotocols names the client’s subprotocols.',
  },
  ClientEndpointConfig: {
    'JAVADOC:5': 'getConfigurator returns the developer’s configurator, or the platform’s.',
    'JAVADOC:6': 'getExtensions returns the client’s requested extensions, favourite first.',
    'JAVADOC:7': 'getPreferredSubprotocols returns the client’s requested subprotocols, favourite first.',
  },
  'ClientEndpointConfig.Builder': {
    'JAVADOC:8': 'build creates a configuration from the values set.',
    'JAVADOC:9': 'configurator sets the configurator.',
    'JAVADOC:10': 'create starts with empty lists and no configurator.',
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
    'JAVADOC:19': 'getCloseCode returns the code.',
    'JAVADOC:20': 'getReasonPhrase returns the phrase.',
    'JAVADOC:21': 'toString contains both, for people.',
  },
  'CloseReason.CloseCode': {
    'JAVADOC:22': 'getCode returns the number.',
  },
  'CloseReason.CloseCodes': {
    'JAVADOC:23': 'getCloseCode finds the code of a number, and refuses an invalid number.',
    'JAVADOC:24': 'getCode returns the number of a constant.',
    'JAVADOC:25': 'valueOf finds a constant by its name.',
    'JAVADOC:26': 'values lists the constants.',
  },
  ContainerProvider: {
    'JAVADOC:27': 'A provider is made without arguments.',
    'JAVADOC:28': {
      says: 'getWebSocketContainer returns the container of the implementation that is present.',
      differs: 'an implementation registers itself when it is loaded; there are no service files.',
    },
  },
  DecodeException: {
    'JAVADOC:29': 'It is made with bytes, a message and a cause.',
    'JAVADOC:30': 'It is made with a text, a message and a cause.',
    'JAVADOC:31': 'It is made with bytes and a message.',
    'JAVADOC:32': 'It is made with a text and a message.',
    'JAVADOC:33': 'getBytes returns the bytes that failed, or null for a text.',
    'JAVADOC:34': 'getText returns the text that failed, or null for bytes.',
  },
  Decoder: {
    'JAVADOC:35': 'destroy is called when the decoder’s service ends.',
    'JAVADOC:36': 'init is called with the endpoint’s configuration before its service starts.',
  },
  'Decoder.Binary': {
    'JAVADOC:37': 'decode converts bytes to an object.',
    'JAVADOC:38': 'A DecodeException of decode goes to the error method.',
    'JAVADOC:39': 'willDecode tells whether the decoder accepts the bytes.',
  },
  'Decoder.BinaryStream': {
    'JAVADOC:40': 'decode converts the data of the stream to an object.',
    'JAVADOC:41': 'A DecodeException of decode goes to the error method.',
    'JAVADOC:42': 'An IOException of decode goes to the error method.',
  },
  'Decoder.Text': {
    'JAVADOC:43': 'decode converts a text to an object.',
    'JAVADOC:44': 'A DecodeException of decode goes to the error method.',
    'JAVADOC:45': 'willDecode tells whether the decoder accepts the text.',
  },
  'Decoder.TextStream': {
    'JAVADOC:46': 'decode converts the data of the Reader to an object.',
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
    'JAVADOC:53': 'getObject returns the object.',
  },
  Encoder: {
    'JAVADOC:54': 'destroy is called when the encoder’s service ends.',
    'JAVADOC:55': 'init is called with the endpoint’s configuration before its service starts.',
  },
  'Encoder.Binary': {
    'JAVADOC:56': 'encode converts an object to bytes.',
    'JAVADOC:57': 'An EncodeException of encode is passed on.',
  },
  'Encoder.BinaryStream': {
    'JAVADOC:58': 'encode writes an object to the stream.',
    'JAVADOC:59': 'An EncodeException of encode is passed on.',
    'JAVADOC:60': 'An IOException of encode is passed on.',
  },
  'Encoder.Text': {
    'JAVADOC:61': 'encode converts an object to a text.',
    'JAVADOC:62': 'An EncodeException of encode is passed on.',
  },
  'Encoder.TextStream': {
    'JAVADOC:63': 'encode writes an object to the Writer.',
    'JAVADOC:64': 'An EncodeException of encode is passed on.',
    'JAVADOC:65': 'An IOException of encode is passed on.',
  },
  Endpoint: {
    'JAVADOC:66': 'An endpoint is made without arguments.',
    'JAVADOC:67':
      'onClose is called before the session ends, whichever side ends it; the session’s data can still be read.',
    'JAVADOC:68': 'onError receives errors of handlers, and of messages that cannot be decoded.',
    'JAVADOC:69': 'onOpen is called for each new conversation.',
  },
  EndpointConfig: {
    'JAVADOC:70': 'getDecoders returns the decoder classes, which the container instantiates.',
    'JAVADOC:71': 'getEncoders returns the encoder classes, which the container instantiates.',
    'JAVADOC:72': {
      says: 'getUserProperties returns a map for the developer’s own data.',
      differs: 'each connection has a shallow copy of it, as WebSocket 2.1 requires.',
    },
  },
  Extension: {
    'JAVADOC:73': 'getName returns the name.',
    'JAVADOC:74': 'getParameters returns the parameters in the order of the header.',
  },
  'Extension.Parameter': {
    'JAVADOC:75': 'getName returns the name.',
    'JAVADOC:76': 'getValue returns the value.',
  },
  HandshakeResponse: {
    'JAVADOC:77': 'getHeaders returns the headers that the server sends.',
  },
  'MessageHandler.Partial': {
    'JAVADOC:78': {
      says: 'onMessage is called with each part of a message as it arrives.',
      differs: 'over the ws engine a message is one part, the last.',
    },
  },
  'MessageHandler.Whole': {
    'JAVADOC:79': 'onMessage is called once a message is complete.',
  },
  OnMessage: {
    'JAVADOC:80':
      'maxMessageSize limits whole messages, in bytes; a larger one closes the connection as too big. -1, the default, sets no limit.',
  },
  PongMessage: {
    'JAVADOC:81': 'getApplicationData returns the data of the peer’s pong.',
  },
  RemoteEndpoint: {
    'JAVADOC:82': 'flushBatch sends the collected messages.',
    'JAVADOC:83': 'It fails with an IOException when they cannot be sent.',
    'JAVADOC:84': 'getBatchingAllowed tells whether messages may be collected; initially they may not.',
    'JAVADOC:85': 'sendPing sends a ping; a handler can receive its pong.',
    'JAVADOC:86': 'It fails with an IOException when it cannot be sent.',
    'JAVADOC:87': 'It refuses more than 125 bytes as an illegal argument.',
    'JAVADOC:88': 'sendPong sends an unsolicited pong.',
    'JAVADOC:89': 'It fails with an IOException when it cannot be sent.',
    'JAVADOC:90': 'It refuses more than 125 bytes as an illegal argument.',
    'JAVADOC:91':
      'setBatchingAllowed allows collecting messages, whose sends are then complete; false sends the collected ones.',
    'JAVADOC:92': 'It fails with an IOException when they cannot be sent.',
  },
  'RemoteEndpoint.Async': {
    'JAVADOC:93':
      'getSendTimeout returns the time that a send may take, initially the container’s default; 0 or less means no limit.',
    'JAVADOC:94': 'sendBinary returns before the bytes are sent; a promise reports the result.',
    'JAVADOC:95': 'sendBinary with a handler reports the result to the handler.',
    'JAVADOC:96': 'sendObject encodes and sends an object; primitives need no encoder. A promise reports the result.',
    'JAVADOC:97': 'sendObject with a handler reports the result to the handler.',
    'JAVADOC:98': 'sendText with a handler reports the result to the handler.',
    'JAVADOC:99': 'sendText returns before the text is sent; a promise reports the result.',
    'JAVADOC:100': 'setSendTimeout sets the time that a send may take; 0 or less means no limit.',
  },
  'RemoteEndpoint.Basic': {
    'JAVADOC:101': 'getSendStream opens a stream for one binary message; closing the stream ends the message.',
    'JAVADOC:102': 'It fails with an IOException when there is no connection.',
    'JAVADOC:103': 'getSendWriter opens a writer for one text message; closing the writer ends the message.',
    'JAVADOC:104': 'It fails with an IOException when there is no connection.',
    'JAVADOC:105': 'sendBinary sends a message of bytes.',
    'JAVADOC:106': 'It fails with an IOException when the message cannot be delivered.',
    'JAVADOC:107': 'sendBinary with isLast sends one part of a message, in order; true ends it.',
    'JAVADOC:108': 'It fails with an IOException when the part cannot be delivered.',
    'JAVADOC:109':
      'sendObject encodes and sends an object; primitives need no encoder, but a developer’s encoder for them takes precedence.',
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
    'JAVADOC:117': 'getException returns the reason for the failure.',
    'JAVADOC:118': 'isOK tells whether the send succeeded.',
    'JAVADOC:119': 'It is made with an exception for a failed send.',
    'JAVADOC:120': 'It is made without one for a successful send.',
  },
  Session: {
    'JAVADOC:121': {
      says: 'addMessageHandler registers a handler and detects its type.',
      differs: 'without a class the handler receives texts; its number of parameters decides whether in parts.',
    },
    'JAVADOC:122': 'A second handler for a native kind of message is an illegal state.',
    'JAVADOC:123': 'close closes with 1000 and without a phrase.',
    'JAVADOC:124': { says: 'It fails when the connection fails meanwhile.', differs: NEVER_FAILS },
    'JAVADOC:125': 'close with a reason sends the waiting messages, then the reason, and the close method is called.',
    'JAVADOC:126': { says: 'It fails when the connection fails meanwhile.', differs: NEVER_FAILS },
    'JAVADOC:127': 'getAsyncRemote returns the object that sends to the peer without waiting.',
    'JAVADOC:128': 'getBasicRemote returns the object that sends to the peer and waits.',
    'JAVADOC:129': 'getContainer returns the session’s container.',
    'JAVADOC:130': 'getId returns a unique name.',
    'JAVADOC:131':
      'getMaxBinaryMessageBufferSize returns the bytes of the largest whole binary message; a larger one closes as too big.',
    'JAVADOC:132': 'getMaxIdleTimeout returns the time without messages after which the session may be closed.',
    'JAVADOC:133': {
      says: 'getMaxTextMessageBufferSize returns the size of the largest whole text; a larger one closes as too big.',
      differs: 'it counts the bytes of the UTF-8.',
    },
    'JAVADOC:134': 'getMessageHandlers returns a copy of the registered handlers.',
    'JAVADOC:135': 'getNegotiatedExtensions returns the extensions in use.',
    'JAVADOC:136': 'getNegotiatedSubprotocol returns the negotiated subprotocol.',
    'JAVADOC:137': 'getOpenSessions returns a copy of the open sessions of the same endpoint.',
    'JAVADOC:138': 'getPathParameters returns the variables of the template with their values.',
    'JAVADOC:139': 'getProtocolVersion returns the version of the handshake: 13.',
    'JAVADOC:140': 'getQueryString returns the query of the request.',
    'JAVADOC:141': 'getRequestParameterMap returns the parameters of the request.',
    'JAVADOC:142': 'getRequestURI returns the URI of the request, with its query.',
    'JAVADOC:143': 'getUserPrincipal returns the session’s user, or null.',
    'JAVADOC:144': 'getUserProperties returns a map for the developer’s own data, from open to close.',
    'JAVADOC:145': {
      says: 'isOpen tells whether the connection is open.',
      differs: 'it is still true inside the close method, which can use the session.',
    },
    'JAVADOC:146': 'isSecure tells whether the connection is encrypted.',
    'JAVADOC:147': 'removeMessageHandler removes a handler.',
    'JAVADOC:148': 'setMaxBinaryMessageBufferSize sets the bytes of the largest whole binary message.',
    'JAVADOC:149':
      'setMaxIdleTimeout sets the time without messages after which the session is closed; 0 or less means never.',
    'JAVADOC:150': 'setMaxTextMessageBufferSize sets the size of the largest whole text.',
    'JAVADOC:212': 'addMessageHandler with a class registers a handler of whole messages.',
    'JAVADOC:213': 'addMessageHandler with a class registers a handler of parts.',
  },
  SessionException: {
    'JAVADOC:151': 'getSession returns the session.',
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
    'JAVADOC:165': 'getDefaultAsyncSendTimeout returns the time that an asynchronous send may take by default.',
    'JAVADOC:166': 'getDefaultMaxBinaryMessageBufferSize returns the default for the largest whole binary message.',
    'JAVADOC:167': 'getDefaultMaxSessionIdleTimeout returns the default for the time without messages.',
    'JAVADOC:168': 'getDefaultMaxTextMessageBufferSize returns the default for the largest whole text.',
    'JAVADOC:169': 'getInstalledExtensions returns the extensions that the container has.',
    'JAVADOC:170': 'setAsyncSendTimeout sets the default for asynchronous sends.',
    'JAVADOC:171': 'setDefaultMaxBinaryMessageBufferSize sets the default for the largest whole binary message.',
    'JAVADOC:172': 'setDefaultMaxSessionIdleTimeout sets the default for the time without messages.',
    'JAVADOC:173': 'setDefaultMaxTextMessageBufferSize sets the default for the largest whole text.',
  },
  HandshakeRequest: {
    'JAVADOC:174': 'getHeaders returns the headers by names in any case; they cannot be changed.',
    'JAVADOC:175':
      'getHttpSession returns the HTTP session of the client: the one that the host has put on its request.',
    'JAVADOC:176': 'getParameterMap returns the parameters of the request.',
    'JAVADOC:177': 'getQueryString returns the query of the request.',
    'JAVADOC:178': 'getRequestURI returns the URI of the request.',
    'JAVADOC:179': 'getUserPrincipal returns the user, or null.',
    'JAVADOC:180': {
      says: 'isUserInRole tells whether the user has a role; without a user it is false.',
      differs: 'the `isUserInRole` option decides, because there is no deployment descriptor.',
    },
  },
  PathParam: {
    'JAVADOC:181': 'value names a variable; the parameter is null if the template has no such variable.',
  },
  ServerApplicationConfig: {
    'JAVADOC:182': 'getAnnotatedEndpointClasses chooses from the annotated classes that a scan found.',
    'JAVADOC:183': 'getEndpointConfigs chooses configurations for the programmatic classes that a scan found.',
  },
  ServerContainer: {
    'JAVADOC:184': {
      says: 'addEndpoint deploys an annotated class while an application is deployed.',
      differs: 'endpoints can be added at any time, unless `noAddAfterHandshake` forbids it.',
    },
    'JAVADOC:185': 'A DeploymentException names the error in the class.',
    'JAVADOC:186': 'addEndpoint deploys a configuration.',
    'JAVADOC:187': 'A DeploymentException names the error in it.',
  },
  ServerEndpoint: {
    'JAVADOC:188': 'configurator names a class; each endpoint has one instance of it. The default is the container’s.',
    'JAVADOC:189': 'decoders are tried in order, and the first that accepts the message decodes it.',
    'JAVADOC:190': 'encoders are tried in order, and the first that accepts the object encodes it.',
    'JAVADOC:191': 'subprotocols names the endpoint’s subprotocols.',
    'JAVADOC:192': {
      says: 'value is a path or a level-1 template below the container’s root, with a leading slash; a trailing slash has no meaning.',
      differs: 'a trailing slash makes a different path, as in Tomcat.',
    },
  },
  ServerEndpointConfig: {
    'JAVADOC:193': 'getConfigurator returns the configurator that was set, or the platform’s.',
    'JAVADOC:194': 'getEndpointClass returns the class, annotated or programmatic.',
    'JAVADOC:195': 'getExtensions returns the extensions.',
    'JAVADOC:196': 'getPath returns the path, which starts with a slash.',
    'JAVADOC:197': 'getSubprotocols returns the subprotocols.',
  },
  'ServerEndpointConfig.Builder': {
    'JAVADOC:198': 'build creates a configuration from the values set so far.',
    'JAVADOC:199': 'configurator sets the configurator.',
    'JAVADOC:200': 'create starts with a class and a path, and nothing else.',
    'JAVADOC:201': 'decoders sets the decoder classes.',
    'JAVADOC:202': 'encoders sets the encoder classes.',
    'JAVADOC:203': 'extensions sets the extensions.',
    'JAVADOC:204': 'subprotocols sets the subprotocols.',
  },
  'ServerEndpointConfig.Configurator': {
    'JAVADOC:205': 'checkOrigin decides by the Origin header; by default it refuses a foreign one.',
    'JAVADOC:206': 'getEndpointInstance returns the instance for a new connection; by default a new one each time.',
    'JAVADOC:207': 'If the instance cannot be created, the handshake fails.',
    'JAVADOC:208':
      'getNegotiatedExtensions chooses extensions; by default all requested ones that are installed, in the client’s order.',
    'JAVADOC:209':
      'getNegotiatedSubprotocol chooses a subprotocol; by default the first of the client’s that is supported, or none.',
    'JAVADOC:210': 'modifyHandshake runs after all checks, and may change the response.',
    'JAVADOC:211': 'A configurator is made without arguments.',
  },
};
