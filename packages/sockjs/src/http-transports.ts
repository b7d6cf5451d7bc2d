import type { WireFormat } from './http-receiver';
import type { TransportName } from './place';

/** A transport whose requests wait for frames. */
export interface ReceivingTransport {
  readonly contentType: string;
  /** Whether the page names a function, which the response calls with each frame. */
  readonly needsCallback: boolean;
  readonly format: (callback: string) => WireFormat;
  /** The transport by which a session of this one receives messages. */
  readonly sendsBy: 'xhr_send' | 'jsonp_send';
}

/** So much is written first, because browsers keep back the beginning of a response. */
const XHR_PRELUDE = `${'h'.repeat(2048)}\n`;
const HTML_PRELUDE_LENGTH = 1024;

const withLine = (frame: string): string => `${frame}\n`;

const JAVASCRIPT = 'application/javascript;charset=UTF-8';

const RECEIVING = new Map<TransportName, ReceivingTransport>([
  [
    'xhr',
    {
      contentType: JAVASCRIPT,
      needsCallback: false,
      format: () => ({ prelude: undefined, wrap: withLine }),
      sendsBy: 'xhr_send',
    },
  ],
  [
    'xhr_streaming',
    {
      contentType: JAVASCRIPT,
      needsCallback: false,
      format: () => ({ prelude: XHR_PRELUDE, wrap: withLine }),
      sendsBy: 'xhr_send',
    },
  ],
  [
    'eventsource',
    {
      contentType: 'text/event-stream',
      needsCallback: false,
      // The empty line is for Opera. JSON has no line ends, which would end an event.
      format: () => ({ prelude: '\r\n', wrap: (frame) => `data: ${frame}\r\n\r\n` }),
      sendsBy: 'xhr_send',
    },
  ],
  [
    'htmlfile',
    {
      contentType: 'text/html;charset=UTF-8',
      needsCallback: true,
      format: (callback) => ({
        prelude: htmlPrelude(callback),
        wrap: (frame) => `<script>\np(${scriptText(frame)});\n</script>\r\n`,
      }),
      sendsBy: 'xhr_send',
    },
  ],
  [
    'jsonp',
    {
      contentType: JAVASCRIPT,
      needsCallback: true,
      // The comment keeps the response from being taken for a file of another type.
      format: (callback) => ({ prelude: undefined, wrap: (frame) => `/**/${callback}(${scriptText(frame)});\r\n` }),
      sendsBy: 'jsonp_send',
    },
  ],
]);

/** @returns undefined for a transport that does not wait for frames */
export function receivingTransport(name: TransportName): ReceivingTransport | undefined {
  return RECEIVING.get(name);
}

/** A text as a literal of a script within a page: nothing in it ends the script. */
function scriptText(frame: string): string {
  return JSON.stringify(frame).replace(/[<\u2028\u2029]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function htmlPrelude(callback: string): string {
  const head = `<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent.${callback};
    c.start();
    function p(d) {c.message(d);};
    window.onload = function() {c.stop();};
  </script>`;
  return `${head.padEnd(HTML_PRELUDE_LENGTH)}\r\n\r\n`;
}

/** The name of the page's function, or the protocol's answer to one that is missing or is no name. */
export function callbackIn(query: string | null): { readonly callback: string } | { readonly error: string } {
  const parameters = new URLSearchParams(query ?? '');
  const callback = parameters.get('c') ?? parameters.get('callback');
  if (callback === null || callback === '') return { error: '"callback" parameter required' };
  return /^[a-zA-Z0-9\-_.]+$/.test(callback) ? { callback } : { error: 'invalid "callback" parameter' };
}
