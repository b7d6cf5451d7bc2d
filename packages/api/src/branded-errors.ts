// Beside errors.ts, so that a bundler for pages drops the errors that a page does not use.
import { brand } from './brand';
import {
  DecodeException,
  DeploymentException,
  EncodeException,
  HandshakeException,
  IllegalArgumentException,
  IllegalStateException,
  IOException,
  ReplyException,
  ReplyTimeoutException,
  SendDroppedException,
  SocketTimeoutException,
} from './errors';

brand(DecodeException, 'DecodeException');
brand(DeploymentException, 'DeploymentException');
brand(EncodeException, 'EncodeException');
brand(HandshakeException, 'HandshakeException');
brand(IllegalArgumentException, 'IllegalArgumentException');
brand(IllegalStateException, 'IllegalStateException');
brand(IOException, 'IOException');
brand(ReplyException, 'ReplyException');
brand(ReplyTimeoutException, 'ReplyTimeoutException');
brand(SendDroppedException, 'SendDroppedException');
brand(SocketTimeoutException, 'SocketTimeoutException');

export {};
