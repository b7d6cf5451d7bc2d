import {
  ClientEndpoint,
  ClientEndpointConfig,
  createExtension,
  Decoder,
  Encoder,
  HandshakeResponse,
  OnMessage,
  type ClientEndpointOptions,
} from 'serval';
import { readClassRecord } from '@serval/api/spi';
import { converse } from '@serval/testing';

// ClientEndpoint and ClientEndpointConfig as classes.

class Temperature {
  constructor(readonly degrees: number) {}
}
class TemperatureDecoder implements Decoder.Text<Temperature> {
  static readonly decodes = Decoder.text(Temperature);
  decode(text: string): Temperature {
    return new Temperature(Number(text));
  }
}
class TemperatureEncoder implements Encoder.Text<Temperature> {
  static readonly encodes = Encoder.text(Temperature);
  encode({ degrees }: Temperature): string {
    return `${degrees} °C`;
  }
}

@ClientEndpoint({ subprotocols: ['v2', 'v1'], decoders: [TemperatureDecoder], encoders: [TemperatureEncoder] })
class Thermometer {
  @OnMessage warmer({ degrees }: Temperature): Temperature {
    return new Temperature(degrees + 1);
  }
}

describe('@ClientEndpoint', () => {
  const attributes = (endpoint: typeof Thermometer): ClientEndpointOptions =>
    readClassRecord(endpoint)?.clientEndpoint ?? {};

  test('[JAVADOC:2] [JAVADOC:3] the client’s sessions use its decoders and encoders', async () => {
    const { decoders, encoders } = attributes(Thermometer);
    const { peer, received } = converse(Thermometer, { decoders, encoders });
    peer.sendText('20', true);
    expect(await received.texts(1)).toEqual(['21 °C']);
    // Without them the method could not be called at all.
    expect(() => converse(Thermometer)).toThrow('Temperature, for which the endpoint has no decoder');
  });

  test('[JAVADOC:4] keeps its subprotocols in order', () => {
    expect(attributes(Thermometer).subprotocols).toEqual(['v2', 'v1']);
    @ClientEndpoint
    class Bare {}
    expect(readClassRecord(Bare)?.clientEndpoint).toEqual({});
  });
});

describe('ClientEndpointConfig', () => {
  const deflate = createExtension('permessage-deflate', [['client_max_window_bits', '12']]);
  const other = createExtension('x-other');
  const create = () => ClientEndpointConfig.Builder.create();

  test('[JAVADOC:8] [JAVADOC:10] a new builder builds a new configuration with empty lists each time', () => {
    const builder = create();
    const [config, another] = [builder.build(), builder.build()];
    expect(config).toBeInstanceOf(ClientEndpointConfig);
    expect([config.getPreferredSubprotocols(), config.getExtensions()]).toEqual([[], []]);
    expect([config.getEncoders(), config.getDecoders()]).toEqual([[], []]);
    config.getUserProperties().set('for', 'one of them');
    expect(another.getUserProperties().size).toBe(0);
  });

  test('[JAVADOC:5] [JAVADOC:9] has the given configurator, or else the container’s own', () => {
    class Mine extends ClientEndpointConfig.Configurator {}
    const mine = new Mine();
    expect(create().configurator(mine).build().getConfigurator()).toBe(mine);
    const own = create().build().getConfigurator();
    expect(own).toBeInstanceOf(ClientEndpointConfig.Configurator);
    expect(own).not.toBeInstanceOf(Mine);
  });

  test('[JAVADOC:6] [JAVADOC:13] has the given extensions, favourite first', () => {
    const wanted = [other, deflate];
    const config = create().extensions(wanted).build();
    wanted.pop();
    expect(config.getExtensions()).toEqual([other, deflate]);
    expect(create().extensions(wanted).extensions(null).build().getExtensions()).toEqual([]);
  });

  test('[JAVADOC:7] [JAVADOC:14] has the given subprotocols, favourite first', () => {
    const wanted = ['v2', 'v1'];
    const config = create().preferredSubprotocols(wanted).build();
    wanted.reverse();
    expect(config.getPreferredSubprotocols()).toEqual(['v2', 'v1']);
    expect(
      create().preferredSubprotocols(wanted).preferredSubprotocols(null).build().getPreferredSubprotocols(),
    ).toEqual([]);
  });

  test('[JAVADOC:11] has the given decoders in order', () => {
    class Second extends TemperatureDecoder {}
    expect(create().decoders([TemperatureDecoder, Second]).build().getDecoders()).toEqual([TemperatureDecoder, Second]);
    expect(create().decoders([Second]).decoders(null).build().getDecoders()).toEqual([]);
  });

  test('[JAVADOC:12] has the given encoders in order', () => {
    class Second extends TemperatureEncoder {}
    expect(create().encoders([TemperatureEncoder, Second]).build().getEncoders()).toEqual([TemperatureEncoder, Second]);
    expect(create().encoders([Second]).encoders(null).build().getEncoders()).toEqual([]);
  });

  test('[JAVADOC:17] a configurator is created without arguments, and its methods do nothing by default', async () => {
    const configurator = new ClientEndpointConfig.Configurator();
    const headers = new Map([['Origin', ['http://localhost']]]);
    await configurator.beforeRequest(headers);
    const response: HandshakeResponse = { getHeaders: () => headers };
    await configurator.afterResponse(response);
    expect([...headers]).toEqual([['Origin', ['http://localhost']]]);
  });
});
