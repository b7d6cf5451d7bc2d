import './branded-errors';

export { ClientEndpoint, OnClose, OnError, OnMessage, OnOpen, PathParam, ServerEndpoint } from './annotations';
export { Char } from './class-type';
export { ClientEndpointConfig } from './client-endpoint-config';
export { CloseCodes, CloseReason } from './close-reason';
export { Endpoint } from './endpoint';
export { Decoder, Encoder, EndpointConfig } from './endpoint-config';
export {
  DecodeException,
  DeploymentException,
  EncodeException,
  ERROR_CODES,
  HandshakeException,
  IllegalArgumentException,
  IllegalStateException,
  IOException,
  ReplyException,
  ReplyTimeoutException,
  SendDroppedException,
  SocketTimeoutException,
} from './errors';
export { createExtension } from './extension';
export { HandshakeRejection, HandshakeRequest, HandshakeResponse } from './handshake';
export { json } from './json';
export { PongMessage } from './pong-message';
export { SendResult } from './remote-endpoint';
export { DenyAll, PermitAll, RolesAllowed, TransportGuarantee } from './security';
export { ServerApplicationConfig } from './server-application-config';
export { ServerEndpointConfig } from './server-endpoint-config';
export { Session } from './session';
export { SessionException } from './session-exception';
export { InputStream, OutputStream, Reader, Writer } from './streams';
export { ContainerProvider } from './web-socket-container';

export type {
  EndpointDecorator,
  HandlerAnnotation,
  HandlerDecorator,
  HandlerOptions,
  InterceptorOptions,
  MessageAnnotation,
  MessageOptions,
  ParameterDecoratorFunction,
} from './annotations';
export type { AbstractClass, CharType, Class, EndpointClass, PrimitiveType, PrimitiveValue } from './class-type';
export type { ClientEndpointConfigBuilder, ClientEndpointConfigurator } from './client-endpoint-config';
export type { CloseCode, RegisteredCloseCode } from './close-reason';
export type { AnsweredMessage, MessageType, NoReplies, ReplyFor, ReplySchemas, ReplyTo } from './reply-schemas';
export type { Codec, CodecClass, CodecOf, CodecOptions, MessageCodec } from './codec';
export type { CodecDeclaration, CodecFormat, CodecType } from './codec-declaration';
export type { AnyDecoder, AnyEncoder, Decoded, DecoderClass, Encodable, EncoderClass } from './endpoint-config';
export type {
  DiscriminatorOf,
  EndpointHandlers,
  HandlerReply,
  HandlerMessage,
  SendableMessage,
  TypedHandlers,
} from './endpoint-handlers';
export type { ErrorCode, HandshakeAnswer, DecodeDetails } from './errors';
export type { EndpointLimits } from './endpoint-limits';
export type { RateLimit, RateLimiter } from './rate-limit';
export type { SockJsChoice, SockJsOptions } from './sockjs-options';
export type { ClientEndpointOptions, ServerEndpointOptions } from './endpoint-options';
export type { Extension } from './extension';
export type { Authenticate, HandshakeRejectionResponse } from './handshake';
export type { Headers } from './headers';
export type { HandlerKind, Interceptor, InterceptorContext } from './interceptor';
export type { MessageHandler } from './message-handler';
export type {
  MessageOfType,
  MessageRole,
  NoMessageOfType,
  ParameterRole,
  ParameterValue,
  ParameterValues,
  PathParamRole,
  SessionArgument,
  TypedParameterValues,
} from './parameter-role';
export type { PathVariables } from './path-variables';
export type { Principal } from './principal';
export type { OutgoingMessage, RemoteEndpoint, SafePromise, SendHandler, SendOptions } from './remote-endpoint';
export type { ReplyFailure, ReplyMessage, RequestCodec, RequestId, RequestOptions } from './request-message';
export type { RoomEvent, Rooms, SessionInfo, SessionSelection, SessionTarget } from './rooms';
export type { ServerContainer } from './server-container';
export type { InboundMode, ServerEndpointConfigBuilder, ServerEndpointConfigurator } from './server-endpoint-config';
export type { SecurityConstraint, TransportGuaranteeName } from './security-constraint';
export type { AnySession, PathParameters, SessionData, UserProperties } from './session';
export type { SchemaInput, SchemaIssue, SchemaOutput, SchemaResult, StandardSchema } from './standard-schema';
export type { BinaryData } from './streams';
export type { WebSocketContainer } from './web-socket-container';
