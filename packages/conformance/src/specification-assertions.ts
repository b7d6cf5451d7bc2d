import type { Assertions } from './assertions';

const DEPLOYMENT_DESCRIPTOR = 'there is no deployment descriptor (web.xml) to read';

/** Chapters 2 to 8 of the Jakarta WebSocket specification, version 2.2. */
export const SPECIFICATION: Assertions = {
  '2.1.1 Endpoint lifecycle': {
    'WSC-2.1.1-1':
      'Unless a configurator decides otherwise, each peer is served by an instance of its own of a programmatic endpoint.',
  },
  '2.1.2 Sessions': {
    'WSC-2.1.2-1': 'A peer’s conversation, from open to close, is one Session, and no other peer has the same.',
    'WSC-2.1.2-2': 'What a session’s user properties hold is there until its close method has returned.',
    'WSC-2.1.2-3': 'After that the properties may be gone; a Session object that serves again has a new id.',
    'WSC-2.1.2-4': {
      says: 'A distributed container takes the serializable properties of a session to the node that goes on with it.',
      doesNotApply: 'sessions belong to the process that has their connection; nothing moves one',
      instead:
        'a peer whose server goes away reconnects, and the application keeps in a store of its own what it wants to find again',
    },
  },
  '2.1.3 Receiving messages': {
    'WSC-2.1.3-1': 'A session has at most one handler for each native kind of message.',
    'WSC-2.1.3-2': 'A second handler for texts, for binary messages or for pongs is refused with an error.',
  },
  '2.1.5 Closing connections': {
    'WSC-2.1.5-1': 'Whoever ends a connection, and why ever, the endpoint’s close method is called.',
  },
  '2.1.7 WebSocketContainers': {
    'WSC-2.1.7-1': 'All endpoints of an application share one container, and its defaults.',
  },
  '2.2.2 Lifecycle of annotated endpoints': {
    'WSC-2.2.2-1': 'The methods with @OnOpen and @OnClose are called as connections come and go.',
  },
  '2.2.3 Handling messages': {
    'WSC-2.2.3-1': 'The methods with @OnMessage are those that messages are given to.',
  },
  '2.2.4 Handling errors': {
    'WSC-2.2.4-1': 'The method with @OnError is told of errors from outside, such as a message that cannot be decoded.',
  },
  '2.2.5 Pings and pongs': {
    'WSC-2.2.5-1': 'A ping is answered at once with a pong that has the same data.',
    'WSC-2.2.5-2': 'A pong is given to the handler, or the method, that asks for a PongMessage.',
  },
  '3 Configuration': {
    'WSC-3-1': 'The encoders and decoders that a configuration lists translate between messages and objects.',
  },
  '3.1 Server configurations': {
    'WSC-3.1-1': 'A programmatic endpoint is deployed by a ServerEndpointConfig, whose Configurator can be replaced.',
  },
  '3.1.1 URI mapping': {
    'WSC-3.1.1-1':
      'The normalised path of a request is compared with all deployed paths: equal text, or an expansion of the template.',
    'WSC-3.1.1-2': 'Two equal paths, or two templates that fit the same requests, do not make an application.',
    'WSC-3.1.1-3': 'Among the endpoints that fit, an exact segment wins over a variable, from left to right.',
    'WSC-3.1.1-4': 'Where nothing fits no connection is made.',
  },
  '3.1.2 Subprotocol negotiation': {
    'WSC-3.1.2-1': {
      says: 'By default the first subprotocol that both sides know is agreed, or none.',
      differs:
        'the client’s order decides, as in the API documentation; this sentence can also be read as the server’s.',
    },
  },
  '3.1.3 Extension modification': {
    'WSC-3.1.3-1': 'By default the requested extensions that are supported are taken, in the client’s order.',
  },
  '3.1.4 Origin check': {
    'WSC-3.1.4-1': 'By default a handshake whose Origin cannot be trusted fails.',
  },
  '3.1.5 Handshake modification': {
    'WSC-3.1.5-1': 'By default the response of the handshake has nothing more than the protocol asks for.',
  },
  '3.1.7 Customizing endpoint creation': {
    'WSC-3.1.7-1': 'A configurator’s getEndpointInstance is called for every connection.',
    'WSC-3.1.7-2': 'By default it makes a new instance each time.',
  },
  '3.2.1 Subprotocols of a client': {
    'WSC-3.2.1-1': 'A client’s handshake asks for the configured subprotocols, favourite first.',
  },
  '3.2.2 Extensions of a client': {
    'WSC-3.2.2-1': 'A client’s handshake asks for the configured extensions with their parameters, favourite first.',
  },
  '4.1 @ServerEndpoint': {
    'WSC-4.1-1': 'A class with this annotation can be deployed as a server endpoint.',
  },
  '4.1.1 value': {
    'WSC-4.1.1-2': 'The path is a URI or a level-1 template with a leading slash, below the root of the container.',
    'WSC-4.1.1-3': 'A path that is missing or malformed is refused at deployment.',
    'WSC-4.1.1-4': 'A path that is taken is refused at deployment, with a message that says by whom.',
  },
  '4.1.2 encoders': {
    'WSC-4.1.2-1':
      'The listed encoders, one instance of each per connection, encode objects of their class and its subclasses.',
  },
  '4.1.3 decoders': {
    'WSC-4.1.3-1': 'The listed decoders, one instance of each per connection, decode messages of their native kind.',
    'WSC-4.1.3-2': 'willDecode, where a decoder has it, decides whether that decoder takes the message.',
  },
  '4.1.4 subprotocols': {
    'WSC-4.1.4-1': 'The listed subprotocols are those that a handshake can agree on.',
  },
  '4.1.5 configurator': {
    'WSC-4.1.5-1': 'The named configurator class takes part in the endpoint’s handshakes.',
  },
  '4.2.1 encoders of @ClientEndpoint': {
    'WSC-4.2.1-1':
      'The listed encoders, one instance of each per connection, encode objects of their class and its subclasses.',
  },
  '4.2.2 decoders of @ClientEndpoint': {
    'WSC-4.2.2-1': 'The listed decoders, one instance of each per connection, decode; the first that fits does.',
    'WSC-4.2.2-2': 'willDecode, where a decoder has it, decides whether that decoder fits.',
  },
  '4.2.4 subprotocols of @ClientEndpoint': {
    'WSC-4.2.4-1': 'The listed subprotocols are asked for in the handshake.',
  },
  '4.3 @PathParam': {
    'WSC-4.3-1':
      'Parameters of the four kinds of handler method may have it, if they are strings or primitives; others are refused at deployment.',
    'WSC-4.3-2': 'It needs the name of a variable.',
    'WSC-4.3-3': 'A parameter whose name is a variable of the template is given that segment of the request’s path.',
    'WSC-4.3-4': 'A string parameter is given the segment as it is.',
    'WSC-4.3-5': 'A primitive parameter is given what Java’s constructor of it makes of the segment.',
    'WSC-4.3-6': 'A segment that is no such primitive is a DecodeException for the error method.',
  },
  '4.4 @OnOpen': {
    'WSC-4.4-1': 'The method is called for each new connection, once that stands.',
    'WSC-4.4-2': 'It may take the new Session, an EndpointConfig and path parameters, in any order.',
    'WSC-4.4-3': 'Another parameter, or a second such method, is refused at deployment.',
  },
  '4.5 @OnClose': {
    'WSC-4.5-1':
      'The method is called when a connection ends, by the peer, the container or session.close(), while the session can still be used.',
    'WSC-4.5-2': 'It may take the Session that ends, a CloseReason and path parameters, in any order.',
    'WSC-4.5-3': 'An error that it throws goes to the error method.',
    'WSC-4.5-4': 'Another parameter, or a second such method, is refused at deployment.',
  },
  '4.6 @OnError': {
    'WSC-4.6-1': 'The method takes the error, and may take the Session and path parameters.',
    'WSC-4.6-2': 'The error it is given is the one that was thrown.',
    'WSC-4.6-3': 'Another parameter, or a second such method, is refused at deployment.',
  },
  '4.7 @OnMessage': {
    'WSC-4.7-1': 'A method whose parameters are not of the permitted forms is refused at deployment.',
    'WSC-4.7-2': 'A primitive payload is made from the whole text, as Java’s constructor of it does.',
    'WSC-4.7-3': 'A primitive that is returned is sent as its usual text.',
    'WSC-4.7-4': 'Two methods for the same native kind of message are refused at deployment.',
  },
  '4.7.1 maxMessageSize': {
    'WSC-4.7.1-1': 'A message above the maximum closes the connection with 1009.',
  },
  '4.8 WebSockets and inheritance': {
    'WSC-4.8.1': 'Classes that mix up annotations and inheritance are not deployed.',
    'WSC-4.8.2': 'A scan leaves out subclasses of annotated endpoints that have no annotation of their own.',
  },
  '5.1 Threading considerations': {
    'WSC-5.1-1': 'Each peer is served by an instance of its own.',
    'WSC-5.1-2': 'No two calls for the same peer overlap.',
    'WSC-5.1-3': 'The close method is called after the open method has ended.',
    'WSC-5.1-4': 'So one call at a time is all that an instance ever sees, an asynchronous method’s time included.',
    'WSC-5.1.5': 'The parts of a message are delivered in order, without anything of another message between them.',
  },
  '5.2.1 Deployment errors': {
    'WSC-5.2.1-1': 'What keeps a sound application from being deployed is told in words that help.',
    'WSC-5.2.1-2': 'What is wrong with a faulty endpoint is told in words that help.',
    'WSC-5.2.1-3': 'A failed deployment ends: what was deployed before is withdrawn, and nothing more is taken.',
    'WSC-5.2.1-4': 'Code that deploys gets a DeploymentException.',
    'WSC-5.2.1-5':
      'A deployment that the server does by itself, by a scan, tells its error to whoever starts the server.',
  },
  '5.2.2 Errors of application code': {
    'WSC-5.2.2-1': 'No error of an endpoint leaves the container.',
    'WSC-5.2.2-2': 'Errors of decoders and of handlers go to the endpoint’s error method, if it has one.',
    'WSC-5.2.2-3': 'Where there is no error method the error is logged.',
    'WSC-5.2.2-4': 'An error of the error method itself is logged.',
  },
  '5.2.3 Errors of the container and the connection': {
    'WSC-5.2.3-1': 'A connection that breaks is told to the close method, and to whoever sends on it.',
  },
  '6.2 Deployment on web containers': {
    'WSC-6.2-1': {
      says: 'The endpoints of a WAR file are found by the servlet container’s scan.',
      doesNotApply: 'there are no servlets and no archives',
      instead: '`scan`, with glob patterns, looks through what an application’s modules export',
    },
    'WSC-6.2-2': 'The scan finds annotated classes, subclasses of Endpoint, and ServerApplicationConfig classes.',
    'WSC-6.2-3': 'Without a ServerApplicationConfig all annotated classes found are deployed.',
    'WSC-6.2-4': {
      says: 'Each ServerApplicationConfig found is made once and given the classes found.',
      differs: 'there are no archives, so each one is given all that the scan has found.',
    },
    'WSC-6.2-5': 'What they choose, taken together, is deployed.',
  },
  '6.4 WebSocket server paths': {
    'WSC-6.4-1': 'All paths are below a root that the server defines: the context path.',
  },
  '6.5 Platform versions': {
    'WSC-6.5-1': {
      says: 'Clients run on Java SE 8 at least.',
      doesNotApply: 'there is no Java VM',
      instead: 'the `engines` of every package name the oldest Node.js, and installation checks it',
    },
    'WSC-6.5-2': {
      says: 'Servers run on Jakarta EE 11 at least.',
      doesNotApply: 'there is no Jakarta EE platform',
      instead: 'the `engines` of every package name the oldest Node.js, and installation checks it',
    },
  },
  '7.1.1 Dependency injection': {
    'WSC-7.1.1-1': {
      says: 'Endpoints can have fields, methods and constructors injected, and interceptors (CDI).',
      doesNotApply: 'there is no CDI container',
      instead: '`instanceFactory`: the application, or its own injector, makes every endpoint instance',
    },
  },
  '7.2 HTTP session and authenticated state': {
    'WSC-7.2-1':
      'The handshake gives access to the client’s HTTP session: the one that the host has put on its request.',
    'WSC-7.2-2': 'The user of the handshake is the user of the session.',
    'WSC-7.2-3': {
      says: 'The session of a protected endpoint ends when its user’s sign-on does.',
      doesNotApply: 'sign-ons are the application’s own; the container is not told of their end',
      instead: 'the application closes the sessions of that user, which `container.getSessions()` lists',
    },
  },
  '8.1 Authentication': {
    'WSC-8.1-1': 'A handshake without a user, for a protected path, is answered with 401 and makes no connection.',
  },
  '8.2 Authorization': {
    'WSC-8.2-1': {
      says: 'A security-constraint’s url-pattern decides which handshakes are protected.',
      doesNotApply: DEPLOYMENT_DESCRIPTOR,
      instead:
        '`authenticate` sees the path of every handshake, the one that is routed by, and refuses with any status',
    },
    'WSC-8.2-2': {
      says: 'A constraint for HTTP methods other than GET means nothing to a WebSocket.',
      doesNotApply: DEPLOYMENT_DESCRIPTOR,
      instead: 'a handshake with any other method is answered with 405',
    },
  },
  '8.3 Transport guarantee': {
    'WSC-8.3-1': {
      says: 'The transport guarantee NONE admits ws: connections.',
      doesNotApply: DEPLOYMENT_DESCRIPTOR,
      instead: 'ws: is admitted wherever nothing refuses it',
    },
    'WSC-8.3-2': {
      says: 'The transport guarantee CONFIDENTIAL admits wss: connections only.',
      doesNotApply: DEPLOYMENT_DESCRIPTOR,
      instead:
        'a server with `tls` speaks nothing else, and `authenticate` can refuse by the protocol of getRequestURI',
    },
  },
};
