import type { CallSite, Token, Tongue } from './perl-tokens.ts';

export const DELETES =
  /^(?:(?:shutil|os|fs|fsp|fsPromises|promises|fse|File|Dir|FileUtils|Pathname|del|pathlib)\.)?(?:[\w.()]*\.)?(rmtree|removedirs|rmSync|unlinkSync|rmdirSync|rmdir_r|rm_rf|rm_r|rm_f|remove_entry|remove_entry_secure|remove_dir|remove_file|emptyDir|emptyDirSync|removeSync|unlink_all|deleteDirectory|remove_tree)$/;
export const DELETES_QUALIFIED =
  /^(os\.(remove|unlink|truncate)|fs(p|Promises|e)?\.(rm|unlink|remove|rmdir|truncate|truncateSync)|fs\.promises\.(rm|unlink|rmdir)|File\.(delete|unlink)|Dir\.(delete|unlink)|FileUtils\.(rm|remove|rmtree|remove_entry)|Deno\.(remove|removeSync)|Bun\.file\.delete|rimraf(\.sync)?|trash|del(\.sync)?|rmtree|File\.Path\.rmtree)$/;

/**
 * A function handed to another that calls it: `map(os.remove, names)`, `names.forEach(fs.unlinkSync)`,
 * `array_map("unlink", …)`, `names.each(&File.method(:delete))`. Gives back the call as if it were written out.
 */
export function handedOver(call: CallSite, tongue: Tongue): CallSite | undefined {
  const last = call.name.slice(call.name.lastIndexOf('.') + 1);
  if (
    /^(import|hasattr|callable|isinstance|print|log|promisify|expect|patch|object|spyOn|mock\w*|replace|assert\w*|getsource|signature|wraps|debug|info|typeof|help)$/i.test(
      last,
    )
  )
    return undefined;
  if (tongue === 'ruby') {
    const symbol = call.args.findIndex((token) => token.text === ':');
    const word = symbol === -1 ? undefined : call.args[symbol + 1];
    if (word?.kind !== 'word') return undefined;
    if (last === 'method')
      return { name: `${call.name.slice(0, -'.method'.length)}.${word.text}`, args: [], bare: false };
    return call.args[symbol - 1]?.text === '&' && /^(unlink|rmtree|rm_rf)$/.test(word.text)
      ? { name: word.text, args: [], bare: false }
      : undefined;
  }
  const parts = argumentsOf(call.args);
  for (const [index, part] of parts.entries()) {
    // `target=os.remove`
    const value = part[1]?.text === '=' ? part.slice(2) : part;
    const others = parts.filter((_, other) => other !== index).flat();
    const name =
      tongue === 'php' && CALLERS.test(last) && value.length === 1 && value[0]?.kind === 'string'
        ? value[0].text
        : tongue !== 'php' && value.every((token) => token.kind === 'word' || token.text === '.')
          ? value.map((token) => token.text).join('')
          : '';
    if (isDeletion(name) || SHELLS_BY_NAME.test(name)) return { name, args: others, bare: false };
  }
  return undefined;
}

const CALLERS =
  /^(array_map|array_walk|array_walk_recursive|array_filter|array_reduce|call_user_func|call_user_func_array|forward_static_call|iterator_apply|register_shutdown_function|usort|preg_replace_callback|ReflectionFunction)$/;
/** Functions that start programs, where they stand without a call; `run` and `exec` alone are everyday names. */
const SHELLS_BY_NAME =
  /^(os\.(system|popen)|subprocess\.\w+|child_process\.\w+|execSync|spawnSync|system|passthru|shell_exec|popen|proc_open)$/;

function isDeletion(name: string): boolean {
  return (
    (name.includes('.') && DELETES.test(name)) ||
    DELETES_QUALIFIED.test(name) ||
    /^(unlink|rmSync|unlinkSync|rmtree|rmdirSync|remove_tree)$/.test(name)
  );
}

export function argumentsOf(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const parts: (readonly Token[])[] = [];
  for (let rest = tokens; rest.length > 0; ) {
    const part = firstArgument(rest);
    parts.push(part);
    rest = rest.slice(part.length + 1);
  }
  return parts;
}

export function firstArgument(args: readonly Token[]): readonly Token[] {
  let depth = 0;
  for (const [index, token] of args.entries()) {
    if (token.kind !== 'punct') continue;
    if (/^[([{]$/.test(token.text)) depth += 1;
    else if (/^[)\]}]$/.test(token.text)) depth -= 1;
    else if (token.text === ',' && depth === 0) return args.slice(0, index);
  }
  return args;
}
