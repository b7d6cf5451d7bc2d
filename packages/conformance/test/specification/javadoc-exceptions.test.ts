import { DecodeException, DeploymentException, EncodeException, SessionException, type Session } from 'serval';

// The exceptions as values: what each is made with, it tells.

const cause = new TypeError('underlying');
const bytes = Buffer.from([1, 2, 3]);

test.each([
  {
    id: '[JAVADOC:29] a DecodeException of bytes with a cause',
    thrown: new DecodeException(bytes, 'bad bytes', cause),
    message: 'bad bytes',
    cause,
  },
  {
    id: '[JAVADOC:30] a DecodeException of text with a cause',
    thrown: new DecodeException('{', 'bad text', cause),
    message: 'bad text',
    cause,
  },
  {
    id: '[JAVADOC:31] a DecodeException of bytes',
    thrown: new DecodeException(bytes, 'bad bytes'),
    message: 'bad bytes',
  },
  { id: '[JAVADOC:32] a DecodeException of text', thrown: new DecodeException('{', 'bad text'), message: 'bad text' },
  { id: '[JAVADOC:49] a DeploymentException', thrown: new DeploymentException('no path'), message: 'no path' },
  {
    id: '[JAVADOC:50] a DeploymentException with a cause',
    thrown: new DeploymentException('no path', cause),
    message: 'no path',
    cause,
  },
  { id: '[JAVADOC:51] an EncodeException', thrown: new EncodeException({}, 'no encoder'), message: 'no encoder' },
  {
    id: '[JAVADOC:52] an EncodeException with a cause',
    thrown: new EncodeException({}, 'no encoder', cause),
    message: 'no encoder',
    cause,
  },
])('$id is an Error with a message and a cause', ({ thrown, message, cause: expected }) => {
  expect(thrown).toBeInstanceOf(Error);
  expect(thrown.name).toBe(thrown.constructor.name);
  expect([thrown.message, thrown.cause]).toEqual([message, expected]);
});

test('[JAVADOC:33] [JAVADOC:34] a DecodeException returns the bytes or the text that failed, and null for the other', () => {
  const ofBytes = new DecodeException(bytes, '');
  expect([ofBytes.getBytes(), ofBytes.getText()]).toEqual([bytes, null]);
  const ofText = new DecodeException('{', '');
  expect([ofText.getBytes(), ofText.getText()]).toEqual([null, '{']);
  const ofNothing = new DecodeException('', '');
  expect([ofNothing.getBytes(), ofNothing.getText()]).toEqual([null, '']);
});

test('[JAVADOC:53] an EncodeException returns the object that failed', () => {
  const object = { x: 1 };
  expect(new EncodeException(object, '').getObject()).toBe(object);
});

test('[JAVADOC:151] [JAVADOC:152] a SessionException returns message, cause and session', () => {
  // Only carried about.
  const session = {} as Session;
  const thrown = new SessionException('lost', cause, session);
  expect(thrown).toBeInstanceOf(Error);
  expect([thrown.message, thrown.cause]).toEqual(['lost', cause]);
  expect(thrown.getSession()).toBe(session);
  expect(new SessionException('lost', null, session).cause).toBeUndefined();
});
