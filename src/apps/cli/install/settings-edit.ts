import { applyEdits, type FormattingOptions, modify, type ParseError, parse, printParseErrorCode } from 'jsonc-parser';
import type { HookAgent } from '../../../protocols/hooks/hook.ts';
import { quote } from './shim.ts';

export type Edited = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string };

export interface EntryOptions {
  readonly shim: string;
  readonly hookTimeoutS: number;
  /** Only managed settings of Claude Code: no other hooks run. */
  readonly managedOnly: boolean;
}

type JsonPath = (string | number)[];

/** The command of an entry, by which ours are told from all others. */
export function hookCommand(agent: HookAgent, shim: string): string {
  return `${quote(shim)} ${agent}`;
}

/** Events of Claude Code that are hooked; only the first can block, so only there does `onFailure` mean something. */
const CLAUDE_EVENTS = ['PreToolUse', 'PostToolUse', 'PostToolUseFailure'] as const;

const CURSOR_BEFORE = [
  'beforeShellExecution',
  'beforeMCPExecution',
  'beforeReadFile',
  'beforeTabFileRead',
  'preToolUse',
] as const;
const CURSOR_AFTER = ['afterShellExecution', 'afterMCPExecution', 'postToolUse', 'postToolUseFailure'] as const;

/** The settings text with our entries in it; all else, comments and layout included, stays. Idempotent. */
export function addEntries(text: string, agent: HookAgent, options: EntryOptions): Edited {
  const removed = removeEntries(text, agent, options.shim);
  if (!removed.ok) return removed;
  let out = removed.text.trim() === '' ? '{}\n' : removed.text;
  if (agent === 'cursor' && valueAt(out, ['version']) === undefined) out = set(out, ['version'], 1);
  for (const [event, entry] of entries(agent, options)) {
    const list = valueAt(out, ['hooks', event]);
    if (list !== undefined && !Array.isArray(list)) return { ok: false, why: `\`hooks.${event}\` is not a list` };
    // First in line: a host that stops at the first refusal then stops at ours.
    out = list === undefined ? set(out, ['hooks', event], [entry]) : insertFirst(out, ['hooks', event], entry);
  }
  if (options.managedOnly) out = set(out, ['allowManagedHooksOnly'], true);
  return sameMeaning(text, out) ? { ok: true, text } : { ok: true, text: out };
}

/** The text without our entries, and without lists and objects that became empty by that. */
export function removeEntries(text: string, agent: HookAgent, shim: string, managedOnly = false): Edited {
  if (text.trim() === '') return { ok: true, text };
  const fault = faultOf(text);
  if (fault !== undefined) return { ok: false, why: fault };
  const command = hookCommand(agent, shim);
  let out = text;
  const hooks = valueAt(out, ['hooks']);
  if (hooks !== undefined) {
    if (!isRecord(hooks)) return { ok: false, why: '`hooks` is not an object' };
    for (const event of Object.keys(hooks)) out = removeFromEvent(out, agent, event, command);
    if (out !== text && isEmpty(valueAt(out, ['hooks']))) out = unset(out, ['hooks']);
  }
  if (managedOnly) out = unset(out, ['allowManagedHooksOnly']);
  return { ok: true, text: out };
}

/** `disableAllHooks` in settings of Claude Code: then no hook of that level runs at all. */
export function disablesHooks(text: string): boolean {
  return text.trim() !== '' && faultOf(text) === undefined && valueAt(text, ['disableAllHooks']) === true;
}

function entries(agent: HookAgent, options: EntryOptions): readonly (readonly [string, object])[] {
  const command = hookCommand(agent, options.shim);
  switch (agent) {
    case 'claude-code':
      return CLAUDE_EVENTS.map((event) => {
        const onFailure = event === 'PreToolUse' ? { onFailure: 'block' } : {};
        return [
          event,
          { matcher: '*', hooks: [{ type: 'command', command, timeout: options.hookTimeoutS, ...onFailure }] },
        ];
      });
    case 'cursor':
      return [
        ...CURSOR_BEFORE.map((event) => [event, { command, timeout: options.hookTimeoutS, failClosed: true }] as const),
        ...CURSOR_AFTER.map((event) => [event, { command, timeout: options.hookTimeoutS }] as const),
      ];
    default:
      return agent satisfies never;
  }
}

function removeFromEvent(text: string, agent: HookAgent, event: string, command: string): string {
  const list = valueAt(text, ['hooks', event]);
  if (!Array.isArray(list)) return text;
  let out = text;
  for (let index = list.length - 1; index >= 0; index -= 1) {
    const entry: unknown = list[index];
    if (!isRecord(entry)) continue;
    if (agent === 'cursor' && entry['command'] === command) out = unset(out, ['hooks', event, index]);
    const inner = entry['hooks'];
    if (agent !== 'claude-code' || !Array.isArray(inner)) continue;
    const mine = inner.flatMap((hook: unknown, at) => (isRecord(hook) && hook['command'] === command ? [at] : []));
    if (mine.length === 0) continue;
    if (mine.length === inner.length) out = unset(out, ['hooks', event, index]);
    else for (const at of mine.reverse()) out = unset(out, ['hooks', event, index, 'hooks', at]);
  }
  return out !== text && isEmpty(valueAt(out, ['hooks', event])) ? unset(out, ['hooks', event]) : out;
}

function faultOf(text: string): string | undefined {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  const first = errors[0];
  if (first !== undefined) {
    const line = text.slice(0, first.offset).split('\n').length;
    return `not valid JSON at line ${line}: ${printParseErrorCode(first.error)}`;
  }
  return isRecord(value) ? undefined : 'not a JSON object';
}

function valueAt(text: string, path: JsonPath): unknown {
  let value: unknown = parse(text, [], { allowTrailingComma: true });
  for (const step of path) {
    if (Array.isArray(value) && typeof step === 'number') value = value[step];
    else if (isRecord(value) && Object.hasOwn(value, String(step))) value = value[String(step)];
    else return undefined;
  }
  return value;
}

function set(text: string, path: JsonPath, value: unknown): string {
  return applyEdits(text, modify(text, path, value, { formattingOptions: layoutOf(text) }));
}

function unset(text: string, path: JsonPath): string {
  return set(text, path, undefined);
}

function insertFirst(text: string, path: JsonPath, value: object): string {
  const edits = modify(text, [...path, 0], value, { formattingOptions: layoutOf(text), isArrayInsertion: true });
  return applyEdits(text, edits);
}

function layoutOf(text: string): FormattingOptions {
  const indent = /^([ \t]+)\S/m.exec(text)?.[1] ?? '  ';
  return {
    insertSpaces: !indent.startsWith('\t'),
    tabSize: indent.startsWith('\t') ? 4 : indent.length,
    eol: text.includes('\r\n') ? '\r\n' : '\n',
  };
}

function sameMeaning(before: string, after: string): boolean {
  const errors: ParseError[] = [];
  return (
    JSON.stringify(parse(before, errors, { allowTrailingComma: true })) ===
      JSON.stringify(parse(after, [], { allowTrailingComma: true })) && errors.length === 0
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmpty(value: unknown): boolean {
  return (Array.isArray(value) && value.length === 0) || (isRecord(value) && Object.keys(value).length === 0);
}
