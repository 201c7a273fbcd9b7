import type { Readable, Writable } from 'node:stream';
import type { RequestHead } from '../../protocols/http/head.ts';
import type { Authority, Scheme } from '../../protocols/http/target.ts';
import type { ClientSide } from './client-side.ts';

export interface RelayPlan {
  readonly scheme: Scheme;
  readonly authority: Authority;
  readonly method: string;
  /** Canonical path and query, as judged. */
  readonly target: string;
  readonly head: RequestHead;
  /** The bytes as they came; with `rest`, what follows is streamed from there. */
  readonly body: Buffer;
  readonly rest?: ClientSide;
}

/** One judged request on its way to a server, whichever version of HTTP that speaks. */
export interface Sending {
  /** Where the body goes; ending it ends the request. */
  readonly sink: Writable;
  /** Writes the whole body, or its beginning where `rest` follows. */
  start(): void;
  destroy(): void;
}

export interface SendingEvents {
  /** The connection is there: from now on the server may have read something. */
  ready(): void;
  information(status: number, rawHeaders: readonly string[]): void;
  answer(answer: Answer): void;
  /** May be said more than once; the first counts. */
  failed(code: string, detail: string): void;
}

export interface Answer {
  readonly status: number;
  readonly statusMessage: string;
  readonly rawHeaders: readonly string[];
  readonly endsWithHead: boolean;
  readonly body: Readable;
  isComplete(): boolean;
  trailers(): readonly string[];
}

/** The body's length where it is to be said; `chunked` where the version of HTTP has to mark the end by itself. */
export function framingToSend(plan: RelayPlan): { readonly kind: 'none' | 'chunked' } | { readonly bytes: number } {
  const { framing } = plan.head;
  if (plan.rest !== undefined && framing.kind === 'chunked') return { kind: 'chunked' };
  if (plan.rest !== undefined && framing.kind === 'length') return { bytes: framing.bytes };
  if (framing.kind !== 'none' || !['GET', 'HEAD', 'OPTIONS', 'DELETE'].includes(plan.method))
    return { bytes: plan.body.length };
  return { kind: 'none' };
}

export function reasonOf(error: Error & { readonly code?: string }): string {
  return error.code ?? error.message.slice(0, 120);
}
