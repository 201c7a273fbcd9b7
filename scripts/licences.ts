import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Metafile } from 'esbuild';

/** Licences under which a bundle may be passed on together with our own code, given that their texts come along. */
const ALLOWED = new Set([
  'MIT',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'MIT OR Apache-2.0',
  'BlueOak-1.0.0',
  'Unlicense',
]);

/** Of what a package contains without saying so in its licence: under the same terms, with these notices. */
const NOTICES: Readonly<Record<string, string>> = {
  '@vscode/tree-sitter-wasm': [
    'It contains tree-sitter grammars under the MIT License:',
    'tree-sitter-python: Copyright (c) 2016 Max Brunsfeld',
    'tree-sitter-javascript: Copyright (c) 2014 Max Brunsfeld',
    'tree-sitter-typescript: Copyright (c) 2017 Max Brunsfeld',
    'tree-sitter-ruby: Copyright (c) 2016 Rob Rix',
    'tree-sitter-php: Copyright (c) 2017 Josh Vera, GitHub; Copyright (c) 2019 Max Brunsfeld, Amaan Qureshi, Christian Frøystad, Caleb White',
  ].join('\n'),
};

/**
 * Licence texts of all packages that went into the bundles, and of `copied`, whose files lie beside them. Throws on one
 * whose licence is not in the list.
 */
export function licenceText(root: string, metafiles: readonly Metafile[], copied: ReadonlySet<string>): string {
  const folders = new Set(copied);
  for (const metafile of metafiles) {
    for (const output of Object.values(metafile.outputs)) {
      for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
        const folder = /^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
        if (folder !== undefined && bytesInOutput > 0) folders.add(folder);
      }
    }
  }
  const parts = [...folders].sort().map((folder) => section(path.join(root, folder)));
  return `Holdpoint contains the following packages.\n\n${parts.join('\n')}`;
}

function section(folder: string): string {
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  const title = `${manifest.name} ${manifest.version}`;
  const licence = manifest.license ?? 'none';
  if (!ALLOWED.has(licence)) throw new Error(`\`${title}\` has the licence \`${licence}\`, which is not in the list`);
  const files = existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => /^(licen[cs]e|notice)/i.test(file))
        .sort()
    : [];
  const texts = files.map((file) => readFileSync(path.join(folder, file), 'utf8').trim());
  const within = NOTICES[manifest.name];
  if (within !== undefined) texts.push(within);
  const rule = '-'.repeat(80);
  return `${rule}\n${title} (${licence})\n${rule}\n${texts.length > 0 ? texts.join('\n\n') : '(the package ships no licence text)'}\n`;
}
