import type { Assertions } from './assertions';

const DEPLOYMENT_DESCRIPTOR = 'there is no deployment descriptor (web.xml) to read';

/** Chapters 2 to 8 of the Jakarta WebSocket specification, version 2.2. */
export const SPECIFICATION: Assertions = {
  '2.1.1 Endpoint lifecycle': {
    'WSC-2.1.1-1':
      'Unless a configurator decides otherwise, each peer gets its own instance of a programmatic endpoint.',
  },
  '2.1.2 Sessions': {
    'WSC-2.1.2-1': 'A peer’s conversation, from open to close, is one Session, which no other peer shares.',
    'WSC-2.1.2-2': 'A session’s user properties keep their values until its close method returns.',
    'WSC-2.1.2-3': 'After that the properties may be gone; a reused Session object has a new id.',
    'WSC-2.1.2-4': {
      says: 'A distributed container moves a session’s serializable properties to the node that continues it.',
      doesNotApply: 'sessions belong to the process that has their connection and never move',
      instead: 'a peer whose server goes away reconnects, and the application keeps lasting data in its own store',
    },
  },
  '2.1.3 Receiving messages': {
    'WSC-2.1.3-1': 'A session has at most one handler for each native kind of message.',
    'WSC-2.1.3-2': 'A second handler for texts, for binary messages or for pongs is an error.',
  },
  '2.1.5 Closing connections': {
    'WSC-2.1.5-1': 'The endpoint’s close method is called, whichever side ends a connection, and for whatever reason.',
  },
  '2.1.7 WebSocketContainers': {
    'WSC-2.1.7-1': 'All endpoints of an application share one container, and its defaults.',
  },
  '2.2.2 Lifecycle of annotated endpoints': {
    'WSC-2.2.2-1': 'The methods with @OnOpen and @OnClose are called when connections open and close.',
  },
  '2.2.3 Handling messages': {
    'WSC-2.2.3-1': 'The methods with @OnMessage receive the messages.',
  },
  '2.2.4 Handling errors': {
    'WSC-2.2.4-1': 'The method with @OnError receives errors from outside, such as a message that cannot be decoded.',
  },
  '2.2.5 Pings and pongs': {
    'WSC-2.2.5-1': 'The container answers a ping at once with a pong that has the same data.',
    'WSC-2.2.5-2': 'A pong goes to the handler, or the method, with a PongMessage parameter.',
  },
  '3 Configuration': {
    'WSC-3-1': 'The encoders and decoders that a configuration lists translate between messages and objects.',
  },
  '3.1 Server configurations': {
    'WSC-3.1-1': 'A ServerEndpointConfig with a replaceable Configurator deploys a programmatic endpoint.',
  },
  '3.1.1 URI mapping': {
    'WSC-3.1.1-1':
      'The normalised path of a request is compared with all deployed paths: equal text, or an expansion of the template.',
    'WSC-3.1.1-2': 'Two equal paths, or two templates that match the same requests, make an application invalid.',
    'WSC-3.1.1-3': 'Among matching endpoints, an exact segment wins over a variable, from left to right.',
    'WSC-3.1.1-4': 'Without a match there is no connection.',
  },
  '3.1.2 Subprotocol negotiation': {
    'WSC-3.1.2-1': {
      says: 'By default both sides use the first subprotocol that both support, or none.',
      differs: 'the client’s order decides, as in the API documentation; this sentence can also mean the server’s.',
    },
  },
  '3.1.3 Extension modification': {
    'WSC-3.1.3-1':
      'By default the handshake accepts the requested extensions that are supported, in the client’s order.',
  },
  '3.1.4 Origin check': {
    'WSC-3.1.4-1': 'By default a handshake whose Origin cannot be trusted fails.',
  },
  '3.1.5 Handshake modification': {
    'WSC-3.1.5-1': 'By default the handshake response contains only what the protocol requires.',
  },
  '3.1.7 Customizing endpoint creation': {
    'WSC-3.1.7-1': 'A configurator’s getEndpointInstance is called for every connection.',
    'WSC-3.1.7-2': 'By default it makes a new instance each time.',
  },
  '3.2.1 Subprotocols of a client': {
    'WSC-3.2.1-1': 'A client’s handshake requests the configured subprotocols, favourite first.',
  },
  '3.2.2 Extensions of a client': {
    'WSC-3.2.2-1': 'A client’s handshake requests the configured extensions with their parameters, favourite first.',
  },
  '4.1 @ServerEndpoint': {
    'WSC-4.1-1': 'A class with this annotation can be deployed as a server endpoint.',
  },
  '4.1.1 value': {
    'WSC-4.1.1-2': 'The path is a URI or a level-1 template with a leading slash, below the root of the container.',
    'WSC-4.1.1-3': 'Deployment refuses a missing or malformed path.',
    'WSC-4.1.1-4': 'Deployment refuses a path that is taken, with a message that names its owner.',
  },
  '4.1.2 encoders': {
    'WSC-4.1.2-1':
      'The listed encoders, one instance of each per connection, encode objects of their class and its subclasses.',
  },
  '4.1.3 decoders': {
    'WSC-4.1.3-1': 'The listed decoders, one instance of each per connection, decode messages of their native kind.',
    'WSC-4.1.3-2': 'If a decoder has willDecode, it decides whether that decoder accepts the message.',
  },
  '4.1.4 subprotocols': {
    'WSC-4.1.4-1': 'A handshake can choose only a listed subprotocol.',
  },
  '4.1.5 configurator': {
    'WSC-4.1.5-1': 'The named configurator class takes part in the endpoint’s handshakes.',
  },
  '4.2.1 encoders of @ClientEndpoint': {
    'WSC-4.2.1-1':
      'The listed encoders, one instance of each per connection, encode objects of their class and its subclasses.',
  },
  '4.2.2 decoders of @ClientEndpoint': {
    'WSC-4.2.2-1':
      'Of the listed decoders, one instance of each per connection, the first that accepts the message decodes it.',
    'WSC-4.2.2-2': 'If a decoder has willDecode, it decides whether that decoder accepts the message.',
  },
  '4.2.4 subprotocols of @ClientEndpoint': {
    'WSC-4.2.4-1': 'The handshake requests the listed subprotocols.',
  },
  '4.3 @PathParam': {
    'WSC-4.3-1':
      'Parameters of the four kinds of handler method may have it, if they are strings or primitives; deployment refuses others.',
    'WSC-4.3-2': 'It takes the name of a variable.',
    'WSC-4.3-3': 'A parameter whose name is a variable of the template receives that segment of the request’s path.',
    'WSC-4.3-4': 'A string parameter receives the segment unchanged.',
    'WSC-4.3-5': 'A primitive parameter receives the segment, converted as by its Java constructor.',
    'WSC-4.3-6': 'A segment that cannot be converted is a DecodeException for the error method.',
  },
  '4.4 @OnOpen': {
    'WSC-4.4-1': 'The method is called for each new connection, once it is established.',
    'WSC-4.4-2': 'It may take the new Session, an EndpointConfig and path parameters, in any order.',
    'WSC-4.4-3': 'Deployment refuses any other parameter, and a second such method.',
  },
  '4.5 @OnClose': {
    'WSC-4.5-1':
      'The method is called when a connection ends, by the peer, the container or session.close(), while the session can still be used.',
    'WSC-4.5-2': 'It may take the Session that ends, a CloseReason and path parameters, in any order.',
    'WSC-4.5-3': 'Its errors go to the error method.',
    'WSC-4.5-4': 'Deployment refuses any other parameter, and a second such method.',
  },
  '4.6 @OnError': {
    'WSC-4.6-1': 'The method takes the error, and may take the Session and path parameters.',
    'WSC-4.6-2': 'It receives the thrown error itself.',
    'WSC-4.6-3': 'Deployment refuses any other parameter, and a second such method.',
  },
  '4.7 @OnMessage': {
    'WSC-4.7-1': 'Deployment refuses a method whose parameters are not of the permitted forms.',
    'WSC-4.7-2': 'A primitive payload is converted from the whole text, as by its Java constructor.',
    'WSC-4.7-3': 'A returned primitive is sent as its usual text.',
    'WSC-4.7-4': 'Deployment refuses two methods for the same native kind of message.',
  },
  '4.7.1 maxMessageSize': {
    'WSC-4.7.1-1': 'A message above the maximum closes the connection with 1009.',
  },
  '4.8 WebSockets and inheritance': {
    'WSC-4.8.1': 'Deployment refuses classes that mix annotations and inheritance.',
    'WSC-4.8.2': 'A scan skips subclasses of annotated endpoints without their own annotation.',
  },
  '5.1 Threading considerations': {
    'WSC-5.1-1': 'Each peer gets its own instance.',
    'WSC-5.1-2': 'No two calls for the same peer overlap.',
    'WSC-5.1-3': 'The close method is called after the open method has ended.',
    'WSC-5.1-4': 'So an instance handles one call at a time, including the time of an asynchronous method.',
    'WSC-5.1.5': 'The parts of a message arrive in order, with no part of another message between them.',
  },
  '5.2.1 Deployment errors': {
    'WSC-5.2.1-1': 'An error that prevents the deployment of a valid application has a helpful message.',
    'WSC-5.2.1-2': 'An error in an endpoint has a helpful message.',
    'WSC-5.2.1-3': 'A failed deployment ends: earlier endpoints are withdrawn, and no more are accepted.',
    'WSC-5.2.1-4': 'Code that deploys gets a DeploymentException.',
    'WSC-5.2.1-5': 'If a scan deploys, starting the server fails with its error.',
  },
  '5.2.2 Errors of application code': {
    'WSC-5.2.2-1': 'The container catches every error of an endpoint.',
    'WSC-5.2.2-2': 'Errors of decoders and of handlers go to the endpoint’s error method, if it has one.',
    'WSC-5.2.2-3': 'Without an error method, the container logs the error.',
    'WSC-5.2.2-4': 'The container logs an error of the error method itself.',
  },
  '5.2.3 Errors of the container and the connection': {
    'WSC-5.2.3-1': 'When a connection breaks, the close method is called and pending sends fail.',
  },
  '6.2 Deployment on web containers': {
    'WSC-6.2-1': {
      says: 'The servlet container’s scan finds the endpoints of a WAR file.',
      doesNotApply: 'there are no servlets and no archives',
      instead: '`scan`, with glob patterns, searches the exports of an application’s modules',
    },
    'WSC-6.2-2': 'The scan finds annotated classes, subclasses of Endpoint, and ServerApplicationConfig classes.',
    'WSC-6.2-3': 'Without a ServerApplicationConfig all annotated classes found are deployed.',
    'WSC-6.2-4': {
      says: 'Each ServerApplicationConfig found is instantiated once and receives the classes found.',
      differs: 'there are no archives, so each one receives everything that the scan found.',
    },
    'WSC-6.2-5': 'The union of their choices is deployed.',
  },
  '6.4 WebSocket server paths': {
    'WSC-6.4-1': 'All paths are below a root that the server defines: the context path.',
  },
  '6.5 Platform versions': {
    'WSC-6.5-1': {
      says: 'Clients run on at least Java SE 8.',
      doesNotApply: 'there is no Java VM',
      instead: 'the `engines` of every package name the oldest Node.js, and installation checks it',
    },
    'WSC-6.5-2': {
      says: 'Servers run on at least Jakarta EE 11.',
      doesNotApply: 'there is no Jakarta EE platform',
      instead: 'the `engines` of every package name the oldest Node.js, and installation checks it',
    },
  },
  '7.1.1 Dependency injection': {
    'WSC-7.1.1-1': {
      says: 'Endpoints can have fields, methods and constructors injected, and interceptors (CDI).',
      doesNotApply: 'there is no CDI container',
      instead: '`instanceFactory`: the application, or its own injector, creates every endpoint instance',
    },
  },
  '7.2 HTTP session and authenticated state': {
    'WSC-7.2-1': 'The handshake gives access to the client’s HTTP session: the one that the host put on its request.',
    'WSC-7.2-2': 'The user of the handshake is the user of the session.',
    'WSC-7.2-3': {
      says: 'The session of a protected endpoint ends when its user’s sign-on does.',
      doesNotApply: 'sign-ons belong to the application; the container gets no notice of their end',
      instead: 'the application closes the sessions of that user, which `container.getSessions()` lists',
    },
  },
  '8.1 Authentication': {
    'WSC-8.1-1': 'A handshake without a user, for a protected path, gets 401 and no connection.',
  },
  '8.2 Authorization': {
    'WSC-8.2-1': {
      says: 'A security-constraint’s url-pattern decides which handshakes are protected.',
      doesNotApply: DEPLOYMENT_DESCRIPTOR,
      instead: '`authenticate` sees the path of every handshake, the one used for routing, and refuses with any status',
    },
    'WSC-8.2-2': {
      says: 'A constraint for HTTP methods other than GET has no effect on a WebSocket.',
      doesNotApply: DEPLOYMENT_DESCRIPTOR,
      instead: 'a handshake with any other method gets 405',
    },
  },
  '8.3 Transport guarantee': {
    'WSC-8.3-1': {
      says: 'The transport guarantee NONE allows ws: connections.',
      doesNotApply: DEPLOYMENT_DESCRIPTOR,
      instead: 'ws: is allowed unless something refuses it',
    },
    'WSC-8.3-2': {
      says: 'The transport guarantee CONFIDENTIAL allows only wss: connections.',
      doesNotApply: DEPLOYMENT_DESCRIPTOR,
      instead:
        'a server with `tls` speaks nothing else, and `authenticate` can refuse by the protocol of getRequestURI',
    },
  },
};
