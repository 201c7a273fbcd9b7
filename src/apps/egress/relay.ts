import { forwardableResponseHeaders } from '../../protocols/http/head.ts';
import type { ClientSide } from './client-side.ts';
import type { EgressLimits, GatewayOutcome } from './contract.ts';
import { ownRefusal, type Refusal } from './refusal.ts';
import { sendHttp1 } from './send-http1.ts';
import { sendHttp2 } from './send-http2.ts';
import { type Answer, type RelayPlan, reasonOf, type Sending, type SendingEvents } from './sending.ts';
import type { Reached, Route, Upstream } from './upstream.ts';

/** `refusal`: nothing has been answered to the client yet, and this is what it should be told. */
export interface Relayed {
  readonly outcome: GatewayOutcome;
  readonly refusal?: Refusal & { readonly code: string };
}

/** Sends one judged request, once, and streams the answer. Never retries; resolves when the exchange is over. */
export function relay(
  plan: RelayPlan,
  reached: Reached,
  upstream: Upstream,
  client: ClientSide,
  limits: EgressLimits,
): Promise<Relayed> {
  return new Promise((resolve) => {
    const { host } = plan.authority;
    let sending: Sending | undefined;
    let sent = false;
    let answer: Answer | undefined;
    let settled = false;

    const settle = (outcome: GatewayOutcome, refusal?: Relayed['refusal']): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      clearTimeout(bodyTimer);
      clearTimeout(stallTimer);
      stopListening();
      resolve(refusal === undefined ? { outcome } : { outcome, refusal });
    };
    const fail = (status: number, code: string, detail: string): void => {
      if (settled) return;
      if (answer !== undefined) {
        // The client has part of the answer: cutting its connection is the only way to say that it is not all.
        settle({ outcome: 'unknown', status: answer.status, detail });
        client.cut();
      } else if (sent)
        settle(
          { outcome: 'unknown', detail },
          refusalOf(status, code, `${detail}; whether the request took effect is not known`),
        );
      else settle({ outcome: 'not-started', detail }, refusalOf(status, code, `${detail}; nothing was sent`));
      sending?.destroy();
    };
    const onClientGone = (): void => {
      if (settled || client.finished()) return;
      const detail = 'the client went away';
      if (answer !== undefined) settle(answered(plan.method, answer, detail));
      else settle({ outcome: sent ? 'unknown' : 'not-started', detail });
      sending?.destroy();
    };

    let timer = setTimeout(
      () => fail(504, 'connect-timeout', `no connection to \`${host}\` in ${limits.connectTimeoutMs} ms`),
      limits.connectTimeoutMs,
    );
    let stallTimer: NodeJS.Timeout | undefined;
    const bodyTimer = setTimeout(() => fail(408, 'body-timeout', 'the body stopped coming'), limits.bodyTimeoutMs);
    const stopListening = client.onClose(onClientGone);

    const events: SendingEvents = {
      ready: () => {
        sent = true;
        clearTimeout(timer);
        if (settled || answer !== undefined) return;
        timer = setTimeout(
          () => fail(504, 'answer-timeout', `\`${host}\` did not answer in ${limits.answerTimeoutMs} ms`),
          limits.answerTimeoutMs,
        );
      },
      information: (status, rawHeaders) => {
        if (!settled && answer === undefined && (status === 102 || status === 103))
          client.sendInformation(status, rawHeaders);
      },
      failed: (code, detail) => fail(502, code, detail),
      answer: (incoming) => {
        if (settled) {
          incoming.body.destroy();
          return;
        }
        clearTimeout(timer);
        const { status, statusMessage, endsWithHead } = incoming;
        try {
          client.sendHead({
            status,
            statusMessage,
            rawHeaders: forwardableResponseHeaders(incoming.rawHeaders),
            endsWithHead,
          });
        } catch {
          fail(502, 'upstream-answer', `the answer of \`${host}\` is not valid HTTP`);
          return;
        }
        answer = incoming;
        passAnswer(incoming);
      },
    };

    const passAnswer = (incoming: Answer): void => {
      const { body } = incoming;
      body.once('close', () => {
        if (!incoming.isComplete()) fail(502, 'upstream', `\`${host}\` broke off its answer`);
      });
      body.once('end', () => {
        if (!incoming.isComplete()) return;
        clearTimeout(stallTimer);
        client.end(incoming.trailers());
        settle(answered(plan.method, incoming));
      });
      // A pipe pauses its source while its sink is full.
      body.on('pause', () => {
        if (settled) return;
        stallTimer ??= setTimeout(
          () => fail(408, 'stalled', `the client took nothing for ${limits.stallTimeoutMs} ms`),
          limits.stallTimeoutMs,
        );
      });
      body.on('resume', () => {
        clearTimeout(stallTimer);
        stallTimer = undefined;
      });
      body.pipe(client.sink, { end: false });
      // The head of an idle answer (an event stream) is passed at once; else it leaves in one piece with the first bytes.
      if (client.flushHead !== undefined) setImmediate(client.flushHead);
    };

    const begin = (route: Route): void => {
      if (settled) return;
      try {
        sending =
          route.kind === 'http1'
            ? sendHttp1(plan, reached, route.agent, events)
            : sendHttp2(plan, route.session, events);
      } catch (error) {
        fail(502, 'upstream', `the connection to \`${host}\` failed: ${reasonOf(error as Error)}`);
        return;
      }
      const { rest } = plan;
      if (rest === undefined) clearTimeout(bodyTimer);
      sending.start();
      if (rest !== undefined) passRest(rest, sending);
      if (client.destroyed()) onClientGone();
    };
    const passRest = ({ body, bodyComplete, hasTrailers }: ClientSide, to: Sending): void => {
      body.on('data', () => bodyTimer.refresh());
      body.once('end', () => {
        clearTimeout(bodyTimer);
        // SECURITY: they come after what was judged; the request is broken off before its end.
        if (hasTrailers()) fail(400, 'trailers', 'request trailers come after what is judged');
        else to.sink.end();
      });
      body.once('close', () => {
        if (!bodyComplete()) fail(400, 'body-broken', 'the body broke off');
      });
      body.pipe(to.sink, { end: false });
    };

    const route = upstream.route(plan.scheme, plan.authority, reached, client.httpVersion === '2');
    if (!(route instanceof Promise)) begin(route);
    else
      route.then(begin, (error: Error) =>
        fail(502, 'upstream', `the connection to \`${host}\` failed: ${reasonOf(error)}`),
      );
  });
}

function answered(method: string, answer: Answer, detail?: string): GatewayOutcome {
  const { status } = answer;
  const safe = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
  // A server that failed may have done part of it.
  const outcome = status < 400 ? 'done' : status < 500 || safe ? 'failed' : 'unknown';
  return detail === undefined ? { outcome, status } : { outcome, status, detail };
}

function refusalOf(status: number, code: string, detail: string): Refusal & { readonly code: string } {
  return { ...ownRefusal(status, code, detail), code };
}
