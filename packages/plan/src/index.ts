export { planCodecs } from './codec-plan';
export { isProgrammatic, planEndpoint } from './endpoint-plan';
export { isStreaming } from './message-route';
export { methodOfType, planByType, typeOfKey } from './messages-by-type';
export { typeName } from './method-parameters';
export { AnyDecoded, NO_DECODER, planPayload } from './payload-plan';
export { parsePrimitive, primitiveName } from './primitives';

export type { Binder, BoundSession } from './argument-binder';
export type { CodecEntry, CodecPlan, DecoderEntry } from './codec-plan';
export type { EndpointDeclaration, EndpointPlan } from './endpoint-plan';
export type { MessageRoute, MessagesByType, MethodPlan } from './message-route';
export type { Decoding, NativeType } from './payload-plan';
