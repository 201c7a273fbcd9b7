import { grammarFiles } from '../src/apps/grammar-files.ts';
import { loadProgramParser } from '../src/languages/programs/syntax.ts';

/** For tests that make readers themselves, without `allReaders`. */
export async function loadPrograms(): Promise<void> {
  await loadProgramParser(grammarFiles());
}
