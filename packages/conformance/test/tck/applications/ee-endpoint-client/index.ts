import { ServerEndpoint } from 'serval';
import { TextEcho } from '../../common/text-echo';
import type { TckContext } from '../../context';

@ServerEndpoint('/echo')
class WSCEchoServer extends TextEcho {}

export const context: TckContext = { root: '/wsc_ee_endpoint_client_web', endpoints: [WSCEchoServer] };
