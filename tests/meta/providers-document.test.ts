import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openApiDocuments } from '../../src/adapters/documents/api-documents.ts';
import { runApis } from '../../src/apps/cli/apis.ts';
import { describeDocuments } from '../../src/apps/described-documents.ts';
import { allReaders } from '../../src/apps/readers.ts';
import { worstDanger } from '../../src/core/danger.ts';
import { resourceKey } from '../../src/core/resource.ts';
import { apiDifferences } from '../../src/languages/api-differences.ts';
import type { Reader } from '../../src/languages/reading.ts';
import { actionOf, describeReading, NO_FACTS } from '../languages/api-scenarios.ts';
import { repoRoot } from '../platform.ts';

const TEXT = readFileSync(path.join(repoRoot, 'docs/providers.md'), 'utf8');

interface Fence {
  readonly name: string;
  readonly body: string;
}
function fences(kind: 'file' | 'scenarios'): Fence[] {
  const pattern = new RegExp(`^\`\`\`\\w+ ${kind}=(\\S+)\\n([\\s\\S]*?)^\`\`\`$`, 'gm');
  return [...TEXT.matchAll(pattern)].map((match) => ({ name: match[1] ?? '', body: match[2] ?? '' }));
}

describe('docs/providers.md', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'hp-providers-'));
  const options = {
    folder,
    cache: path.join(folder, 'cache'),
    clock: { nowMs: () => 1_800_000_000_000, monotonicMs: () => 0 },
    compare: apiDifferences,
  };
  const shown = async (): Promise<string> => {
    const lines: string[] = [];
    const io = { out: (text: string) => void lines.push(text), err: () => undefined };
    await runApis([], io as unknown as Parameters<typeof runApis>[1], openApiDocuments(options));
    return lines.join('');
  };
  const read: { value?: Reader } = {};

  before(async () => {
    for (const { name, body } of fences('file')) writeFileSync(path.join(folder, name), body, { mode: 0o600 });
    // A document is no configuration, though it lies beside one.
    const said = await shown();
    assert.doesNotMatch(said, /cannot be used/);
    // As the page says: the digest that is shown goes into the file.
    for (const { name, body } of fences('file')) {
      const digest = new RegExp(`"digest": "([0-9a-f]{64})"\` into \\S*/${name},`).exec(said)?.[1];
      if (digest !== undefined)
        writeFileSync(path.join(folder, name), JSON.stringify({ ...(JSON.parse(body) as object), digest }), {
          mode: 0o600,
        });
    }
    const documents = openApiDocuments(options);
    assert.deepEqual(
      documents.documents.map((one) => one.name),
      ['acme', 'shop'],
    );
    read.value = await allReaders(undefined, describeDocuments(documents.documents, documents.githubHosts).apis);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('shows how things stand', async () => {
    const said = await shown();
    assert.match(said, /^acme {2}openapi {2}api\.acme\.example {2}in effect$/m);
    assert.match(said, /^github {2}github {2}ghe\.corp\.example {2}in effect$/m);
    writeFileSync(path.join(folder, 'shop.graphql'), 'type Query { a: Int } type Mutation { bang: Int }');
    assert.match(await shown(), /^shop {2}graphql.*changed[\s\S]*now: `Mutation\.bang` is new/m);
  });

  for (const { name, body } of fences('scenarios'))
    for (const line of body.trim().split('\n')) {
      const row = JSON.parse(line) as {
        note: string;
        input: { method: string; url: string };
        want: string;
        target?: string;
      };
      it(`${name}: ${row.note}`, () => {
        assert.ok(read.value !== undefined);
        const reading = read.value(actionOf('http', row.input), NO_FACTS);
        assert.equal(worstDanger(reading.effects), row.want, describeReading(reading));
        const keys = reading.effects.map((effect) =>
          'known' in effect.target ? resourceKey(effect.target.known) : '',
        );
        if (row.target !== undefined) assert.ok(keys.includes(row.target), keys.join(' '));
      });
    }

  it('has examples', () => {
    assert.equal(fences('file').length, 5);
    assert.equal(fences('scenarios').length, 3);
  });
});
