import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import type { Grammar, GrammarFiles } from '../languages/programs/syntax.ts';

/** In a checkout they lie in the packages; the build puts them beside the bundles, compressed, and rewrites the addresses. */
const RUNTIME = new URL('../../node_modules/web-tree-sitter/web-tree-sitter.wasm', import.meta.url);
const GRAMMARS: Readonly<Record<Grammar, URL>> = {
  python: new URL('../../node_modules/@vscode/tree-sitter-wasm/wasm/tree-sitter-python.wasm', import.meta.url),
  javascript: new URL('../../node_modules/@vscode/tree-sitter-wasm/wasm/tree-sitter-javascript.wasm', import.meta.url),
  typescript: new URL('../../node_modules/@vscode/tree-sitter-wasm/wasm/tree-sitter-typescript.wasm', import.meta.url),
  tsx: new URL('../../node_modules/@vscode/tree-sitter-wasm/wasm/tree-sitter-tsx.wasm', import.meta.url),
  ruby: new URL('../../node_modules/@vscode/tree-sitter-wasm/wasm/tree-sitter-ruby.wasm', import.meta.url),
  php: new URL('../../node_modules/@vscode/tree-sitter-wasm/wasm/tree-sitter-php.wasm', import.meta.url),
};

/** tree-sitter and its grammars, read when they are first needed. */
export function grammarFiles(): GrammarFiles {
  return { runtime: () => bytesOf(RUNTIME), grammar: (name) => bytesOf(GRAMMARS[name]) };
}

function bytesOf(url: URL): Uint8Array<ArrayBuffer> {
  const bytes = readFileSync(url);
  return new Uint8Array(url.pathname.endsWith('.br') ? brotliDecompressSync(bytes) : bytes);
}
