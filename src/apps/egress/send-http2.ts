import {
  type ClientHttp2Session,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { authorityText } from '../../protocols/http/target.ts';
import { addHeaders } from './client-side.ts';
import { framingToSend, type RelayPlan, reasonOf, type Sending, type SendingEvents } from './sending.ts';

const END_STREAM = constants.NGHTTP2_FLAG_END_STREAM;

/** Over a connection that is ready; one stream, never tried again. */
export function sendHttp2(plan: RelayPlan, session: ClientHttp2Session, events: SendingEvents): Sending {
  const { host } = plan.authority;
  const endsWithHead = plan.rest === undefined && plan.body.length === 0;
  const stream = session.request(outgoingHeaders(plan), { endStream: endsWithHead });
  let answered = false;
  let ended = false;
  const trailers: string[] = [];
  stream.on('error', (error: Error) =>
    events.failed('upstream', `the connection to \`${host}\` failed: ${reasonOf(error)}`),
  );
  stream.once('close', () => {
    if (!answered) events.failed('upstream', `\`${host}\` closed the stream`);
  });
  stream.on(
    'headers',
    (headers: IncomingHttpHeaders & IncomingHttpStatusHeader, _flags: number, raw: readonly string[]) =>
      events.information(Number(headers[':status']), regular(raw)),
  );
  stream.once('trailers', (_headers: IncomingHttpHeaders, _flags: number, raw: readonly string[]) => {
    trailers.push(...regular(raw));
  });
  stream.once('end', () => {
    ended = true;
  });
  stream.once('response', (headers, flags: number, raw: readonly string[]) => {
    answered = true;
    events.answer({
      status: Number(headers[':status']),
      statusMessage: '',
      rawHeaders: regular(raw),
      endsWithHead: (flags & END_STREAM) !== 0,
      body: stream,
      isComplete: () => ended && !stream.aborted && (stream.rstCode ?? 0) === constants.NGHTTP2_NO_ERROR,
      trailers: () => trailers,
    });
  });
  return {
    sink: stream,
    start: () => {
      // The head may be on its way already.
      events.ready();
      if (endsWithHead) return;
      if (plan.rest === undefined) stream.end(plan.body);
      else stream.write(plan.body);
    },
    destroy: () => stream.close(constants.NGHTTP2_CANCEL),
  };
}

/** INVARIANT: pseudo-headers and framing are ours, from what was judged; everything else is as the client wrote it. */
function outgoingHeaders(plan: RelayPlan): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = Object.create(null) as OutgoingHttpHeaders;
  headers[':method'] = plan.method;
  headers[':scheme'] = plan.scheme;
  headers[':authority'] = authorityText(plan.authority, plan.scheme);
  headers[':path'] = plan.target;
  addHeaders(headers, plan.head.forward);
  const framing = framingToSend(plan);
  if ('bytes' in framing) headers['content-length'] = String(framing.bytes);
  if (plan.head.acceptsTrailers) headers['te'] = 'trailers';
  return headers;
}

/** Without pseudo-headers, which stand in front. */
function regular(raw: readonly string[]): readonly string[] {
  let at = 0;
  while (raw[at]?.startsWith(':') === true) at += 2;
  return raw.slice(at);
}
