/** The languages whose programs are read. */
export type Tongue = 'python' | 'javascript' | 'ruby' | 'perl' | 'php';

/** Modules that are another by a second name. */
const JS_MODULES: Readonly<Record<string, string>> = {
  'fs-extra': 'fs',
  'graceful-fs': 'fs',
  'original-fs': 'fs',
  'fs/promises': 'fs',
  'cross-spawn': 'child_process.spawn',
  'node-fetch': 'fetch',
  'cross-fetch': 'fetch',
  'zx/core': 'zx',
};

export function moduleName(name: string, tongue: Tongue): string {
  if (tongue !== 'javascript') return name;
  const bare = name.replace(/^node:/, '');
  return JS_MODULES[bare] ?? bare;
}

/** One name for what has several: without what stands for the whole program, defaults and promises. */
export function fullName(name: string, tongue: Tongue): string {
  switch (tongue) {
    case 'python':
      return (
        name
          .replace(/\.__dict__(?=\.|$)/, '')
          // A module by way of another that imports it, an object that stands for its module.
          .replace(/^.+\.(os|shutil|subprocess|builtins)\.(?=\w+$)/, '$1.')
          .replace(/^(builtins|__builtins__|__builtin__)\./, '')
          .replace(/^requests\.[sS]ession\(\)(?=\.)/, 'requests')
          .replace(/^(httpx\.(Async)?Client|aiohttp\.ClientSession)\(\)(?=\.)/, 'httpx')
          .replace(/\.__call__$/, '')
          .replace(/^(posix|nt)\.(?=\w)/, 'os.')
      );
    case 'javascript':
      return name
        .replace(/^(globalThis|global|window|self)\.(?=\w)/, '')
        .replace(/^(fs|util|dns|timers|stream)\.promises(?=\.|$)/, '$1')
        .replace(/^(fsp|fsPromises|fse)(?=\.|$)/, 'fs')
        .replace(/^cp(?=\.)/, 'child_process')
        .replace(/\.default(?=\.|$)/, '')
        .replace(/^(axios|got|ky)\.(create|extend|instance)\(\)(?=\.|$)/, '$1')
        .replace(/^(module|process\.mainModule|require\.main)\.require$/, 'require');
    case 'ruby':
      return name
        .replace(/\.(call|to_proc|curry|yield)$/, '')
        .replace(/^(Kernel|Object|self|Process)\.(?=(system|exec|spawn|open|eval|load|require|`|send|method)$)/, '');
    case 'perl':
      return name.replace(/^CORE(\.GLOBAL)?\./, '');
    case 'php':
      // Names of functions, classes and methods are the same in any case.
      return name.toLowerCase();
    default:
      return tongue satisfies never;
  }
}
