import { SessionException } from 'serval';
import { context } from '../applications/ee-sessionexception';
import { kitSuite } from './kit-suite';
import { RecordingEndpoint } from './recording-endpoints';

kitSuite('ee.sessionexception.WSClientIT', context, {
  test1: {
    claim: 'a SessionException has the message, the cause and the session that it was made with',
    run: async (application) => {
      const endpoint = new RecordingEndpoint(() => undefined);
      const session = await application.connect('/TCKTestServer', endpoint);
      await endpoint.heard.until(2);
      const cause = new Error('wrapped', { cause: new Error('TCKTest1') });
      const exception = new SessionException('TCKTest', cause, session);
      expect(exception.getSession()).toBe(session);
      expect(exception.message).toBe('TCKTest');
      expect(exception.cause).toBe(cause);

      await session.getBasicRemote().sendText('SessionException test');
      await endpoint.heard.until(4);
      await session.close();
      await endpoint.heard.closed;
      expect(endpoint.heard.messages).toEqual([
        '========TCKTestServer opened',
        '========session from Server is open=TRUE',
        '========TCKTestServer received String:SessionException test',
        '========TCKTestServer responds, please close your session',
      ]);
    },
  },
});
