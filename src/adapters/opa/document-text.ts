import type { PolicyInput } from '../../ports/policy-engine.ts';
import { type DocumentText, documentOf } from './input.ts';

/** The document `holdpoint/v1` of an attempt, as JSON. */
export function documentText(input: PolicyInput): DocumentText {
  const document = documentOf(input);
  return document.ok ? document.text() : document;
}
