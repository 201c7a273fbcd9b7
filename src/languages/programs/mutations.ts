import { bindingOf } from './builder.ts';
import { type Expr, type Program, UNKNOWN } from './expression.ts';

const ADDS_LAST = /^(append|push|add)$/;
const ADDS_ALL = /^(extend|concat!|merge!)$/;
const CHANGES =
  /^(insert|unshift|splice|prepend|update|setdefault|reverse|sort|pop|shift|clear|fill|copyWithin|replace|array_push|array_unshift)$/;

/**
 * Lists that are changed where they are: `cmd.append('-rf')`. The name then stands for what it was given, and for that
 * with all that is put in.
 */
export function changesInPlace(program: Program): void {
  const added = new Map<Expr[], Expr[]>();
  for (const call of program.calls) {
    const { callee } = call;
    if (callee.kind !== 'member' || callee.of.kind !== 'name' || callee.key.kind !== 'text') continue;
    const bound = bindingOf(callee.of.name, callee.of.scope);
    if (bound === undefined) continue;
    const how = callee.key.text;
    const more: readonly Expr[] | undefined = ADDS_LAST.test(how)
      ? call.args.map((arg) => arg.value)
      : ADDS_ALL.test(how)
        ? call.args.map((arg): Expr => ({ kind: 'spread', of: arg.value }))
        : CHANGES.test(how)
          ? [{ kind: 'spread', of: UNKNOWN }]
          : undefined;
    if (more === undefined) continue;
    added.set(bound, [...(added.get(bound) ?? []), ...more]);
  }
  for (const [bound, more] of added) {
    const changed = bound.map(
      (one): Expr => (one.kind === 'list' ? { kind: 'list', items: [...one.items, ...more], open: one.open } : UNKNOWN),
    );
    bound.push(...changed);
  }
}
