import { ClientEndpointConfig, PongMessage, type EncoderClass, type Session } from 'serval';
import { OK } from '../common/outcome';
import { type Operation } from '../common/server-side';
import { StringBeanTextEncoder } from '../common/string-bean';
import type { KitTest } from './kit-suite';
import type { Recorder } from './recorder';
import { RecordingEndpoint, says } from './recording-endpoints';

// The client does with its remote endpoint what the server does with its own at a client's word: the operations are the
// server's. `/client` sends texts, bytes and pongs back as text.

const ECHO = 'echo';

/** The operations of one kind of remote endpoint, by name. */
export type Operations = Readonly<Record<string, Operation>>;

/** A test whose client performs an operation in onOpen, and hears what it has sent. */
export function sends(operations: Operations, name: string, claim: string, hears = name): KitTest {
  return performs(claim, (session) => operations[name]?.(session), hears, StringBeanTextEncoder);
}

/** A test whose client performs an operation that is to fail, and can still send. */
export function refuses(operations: Operations, name: string, claim: string): KitTest {
  return failsIn(claim, (session) => operations[name]?.(session));
}

/** As {@link refuses}, with an encoder. */
export function failsIn(claim: string, operate: (session: Session) => unknown, encoder?: EncoderClass): KitTest {
  const operateAndSend = async (session: Session): Promise<unknown> => {
    const outcome = await operate(session);
    await session.getBasicRemote().sendText(ECHO);
    return outcome;
  };
  return performs(claim, operateAndSend, ECHO, encoder);
}

/** @param operate answers OK when all is as it should be */
export function performs(
  claim: string,
  operate: (session: Session) => unknown,
  hears: string,
  ...encoders: readonly (EncoderClass | undefined)[]
): KitTest {
  return {
    claim,
    run: async (application) => {
      let outcome: unknown;
      const endpoint = new RecordingEndpoint(async (session) => (outcome = await operate(session)), hearTextAndPongs);
      const config = ClientEndpointConfig.Builder.create()
        .encoders(encoders.filter((encoder) => encoder !== undefined))
        .build();
      await application.converse('/client', endpoint, [hears], config);
      expect(outcome).toBe(OK);
    },
  };
}

/** A test whose session lives longer than its idle timeout, because the server pings it, or sends pongs. */
export function staysAlive(operation: 'PING_4_TIMES' | 'PONG_4_TIMES'): KitTest {
  const answers = Array.from({ length: 4 }, () => 'POKE');
  // A pong that answers a ping is sent back by the server as text, once it has done with the operation.
  const hears = operation === 'PING_4_TIMES' ? [OK, ...answers] : [...answers, OK];
  return {
    claim: `${operation === 'PING_4_TIMES' ? 'pings' : 'pongs'} of the server keep a session from its idle timeout`,
    isLong: true, // as long as four pauses of half a second
    run: async (application) => {
      const endpoint = new RecordingEndpoint(says.text('POKE'), hearTextAndPongs);
      const session = await application.connect('/server', endpoint);
      await endpoint.heard.until(1);
      session.setMaxIdleTimeout(1500);
      await session.getBasicRemote().sendText(operation);
      await endpoint.heard.until(6);
      expect(endpoint.heard.messages).toEqual(['POKE', ...hears]);
      expect(session.isOpen()).toBe(true);
      await session.close();
      expect((await endpoint.heard.closed).getCloseCode().getCode()).toBe(1000);
    },
  };
}

function hearTextAndPongs(session: Session, heard: Recorder): void {
  session.addMessageHandler((text: string) => heard.message(text));
  session.addMessageHandler(PongMessage, (pong) => heard.message(pong.getApplicationData().toString()));
}
