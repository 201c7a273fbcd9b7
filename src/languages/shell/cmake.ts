import { type Handler, harmlessRun } from './machine.ts';
import { type Field, HOLE, literal } from './value.ts';

/** `cmake -E`: the same on every system, so build files use it for what a shell would do. https://cmake.org/cmake/help/latest/manual/cmake.1.html#run-a-command-line-tool */
const COMMAND_LINE_TOOLS: Readonly<Record<string, readonly string[]>> = {
  rm: ['rm'],
  remove: ['rm'],
  remove_directory: ['rm', '-r'],
  copy: ['cp'],
  copy_directory: ['cp', '-r'],
  copy_if_different: ['cp'],
  copy_directory_if_different: ['cp', '-r'],
  rename: ['mv'],
  create_symlink: ['ln', '-s'],
  create_hardlink: ['ln'],
  touch: ['touch'],
  make_directory: ['mkdir', '-p'],
  tar: ['tar'],
  env: ['env'],
  time: ['time'],
  echo: ['echo'],
  cat: ['cat'],
  chdir: ['env', '-C'],
};

export const cmake: Handler = (call) => {
  const [first, tool, ...rest] = call.argv;
  const plain = first?.s === '-E' && tool !== undefined ? COMMAND_LINE_TOOLS[tool.s] : undefined;
  if (plain !== undefined) {
    const argv: readonly Field[] = [...plain.map(literal), ...rest];
    return call.machine.run(argv, call.scope);
  }
  harmlessRun(call.machine, 'catalog/everyday', call.name);
  return HOLE;
};
