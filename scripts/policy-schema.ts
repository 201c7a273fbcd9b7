// Writes policy/schema/holdpoint-v1.schema.json and docs/policy-input.md: from src/adapters/opa/input-schema.ts, and from
// examples that are read for real. Run it after a change of either; tests fail where the files differ.
import { mkdirSync, writeFileSync } from 'node:fs';
import { publishedSchema } from '../src/adapters/opa/input-schema.ts';
import { policyInputPage } from './policy-input-page.ts';

export function schemaText(): string {
  return `${JSON.stringify(publishedSchema(), null, 2)}\n`;
}

if (import.meta.main) {
  mkdirSync(new URL('../policy/schema/', import.meta.url), { recursive: true });
  writeFileSync(new URL('../policy/schema/holdpoint-v1.schema.json', import.meta.url), schemaText());
  writeFileSync(new URL('../docs/policy-input.md', import.meta.url), await policyInputPage());
}
