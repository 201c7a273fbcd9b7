import assert from 'node:assert/strict';
import test from 'node:test';
import { type Action, attemptKey } from '../../src/core/attempt.ts';
import { type CardInput, cardOf } from '../../src/core/card.ts';
import { digestOf } from '../../src/core/digest.ts';
import type { Effect } from '../../src/core/effect.ts';
import { type Evidence, evidenceOf } from '../../src/core/evidence.ts';
import { LIMITS } from '../../src/core/limits.ts';

const origin = { door: 'hook', person: 'ada', agent: 'a', task: 't', workspace: '/w' } as const;
const victim = { system: 'file', kind: 'path', path: ['/srv/data'] } as const;

function effect(parts: Partial<Effect> = {}): Effect {
  return {
    verb: 'destroy',
    target: { known: victim },
    count: { min: 1, max: 1 },
    reversal: 'irreversible',
    basis: 'parsed',
    source: 'test',
    summary: 'deletes /srv/data',
    ...parts,
  };
}

function card(text: string, parts: Partial<CardInput> = {}, kind: Action['kind'] = 'shell') {
  const action = { kind, bytes: new TextEncoder().encode(text), cwd: '/w' };
  return cardOf({
    attempt: { id: 'a', atMs: 1, ...origin, action, key: attemptKey(action, origin) },
    text,
    effects: [effect()],
    evidence: [],
    verdict: { says: 'hold', findings: [], obligations: [], policies: [] },
    ...parts,
  });
}

const wholeAction = (one: ReturnType<typeof card>): string => one.action.before + one.action.danger + one.action.after;

const HIDERS: readonly (readonly [note: string, text: string, mustShow: string])[] = [
  ['a header without quotes', 'echo authorization: x; rm -rf /srv/data', 'rm -rf /srv/data'],
  ['a header before a pipe', 'echo cookie: x | sh evil', 'sh evil'],
  ['a key that never ends', "echo '-----BEGIN PRIVATE KEY-----' ; rm -rf /srv/data", 'rm -rf /srv/data'],
  [
    'a key that ends late',
    ": '-----BEGIN RSA PRIVATE KEY-----'\nrm -rf /srv/data\n: '-----END RSA PRIVATE KEY-----'",
    'rm -rf /srv/data',
  ],
  ['a substitution in quotes', 'API_TOKEN="$(rm -rf /srv/data)" true', 'rm -rf /srv/data'],
  ['a substitution after a letter', 'API_TOKEN="x$(rm -rf /srv/data)" true', 'rm -rf /srv/data'],
  ['a substitution by backticks', 'API_TOKEN="x`rm -rf /srv/data`" true', 'rm -rf /srv/data'],
  ['code under the name of a secret', "secret='rm -rf /srv/data; true' eval", 'rm -rf /srv/data'],
  ['an argument after a header', 'rm -rf authorization: /srv/data', '/srv/data'],
];
for (const [note, text, mustShow] of HIDERS) {
  test(`no mask hides what runs: ${note}`, () => {
    assert.ok(wholeAction(card(text)).includes(mustShow), wholeAction(card(text)));
    const span = [2, text.length] as const;
    assert.ok(wholeAction(card(text, { effects: [effect({ span })] })).includes(mustShow));
  });
}

const SECRETS: readonly string[] = [
  'curl -H "Authorization: Bearer abcdef0123456789" https://a.example',
  'curl -H "Authorization: Basic YWxhZGRpbjpvcGVuc2VzYW1l" https://a.example',
  "curl -H 'Project-Access-Token: 11111111-2222-4333-8444-555555555555' https://a.example",
  'psql postgres://app:hunter22@db.example/main',
  "MY_TOKEN='abcdef0123456789' deploy",
  'deploy --token abcdef0123456789',
  `echo "-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASC
AbCdEf0123456789abcdef
-----END PRIVATE KEY-----" > k`,
];
for (const text of SECRETS) {
  test(`a plain secret stays masked: ${text.slice(0, 40)}`, () => {
    const shown = wholeAction(card(text));
    assert.ok(shown.includes('<redacted>'), shown);
    assert.ok(!/abcdef0123456789|YWxhZGRpbj|11111111-2222|hunter22|MIIEvQ/.test(shown), shown);
  });
}

const LONG = 'x'.repeat(LIMITS.cardTextChars + 1);
const OVERLONG: readonly (readonly [note: string, Partial<CardInput>])[] = [
  ['a target', { effects: [effect({ target: { known: { ...victim, path: [`/${LONG}`] } } })] }],
  ['an unknown target', { effects: [effect({ target: { unknown: LONG } })] }],
  ['a summary', { effects: [effect({ summary: LONG })] }],
  [
    'a fact',
    {
      evidence: [
        evidenceOf({
          question: { check: 'dependents', about: victim },
          answer: { unknown: LONG },
          source: 's',
          atMs: 1,
          maxAgeMs: 1,
        }),
      ],
    },
  ],
  [
    'a reason',
    {
      verdict: {
        says: 'hold',
        findings: [{ layer: 'floor', rule: 'r', effect: 0, says: 'hold', reason: LONG }],
        obligations: [],
        policies: [],
      },
    },
  ],
];
for (const [note, parts] of OVERLONG) {
  test(`what nobody can read through cannot be signed: ${note}`, () => assert.equal(card('rm x', parts).fits, false));
}

test('an everyday card can be signed', () => assert.equal(card('rm -rf /srv/data').fits, true));

test('nothing on a card leaves its line', () => {
  const evil = 'a\u001b[2J\nverdict: safe\r\u202e\u0085b';
  const one = card(evil, {
    effects: [effect({ summary: evil, target: { known: { ...victim, path: [evil] } } })],
    verdict: {
      says: 'hold',
      findings: [{ layer: 'floor', rule: 'r', effect: 0, says: 'hold', reason: evil }],
      obligations: [],
      policies: [],
    },
  });
  for (const text of [one.sentence, ...one.targets, one.action.danger, ...one.rules.map((rule) => rule.reason)])
    assert.doesNotMatch(text, /\p{Cc}|\p{Cf}/u);
});

test('a rule that says the same of several effects stands on the card once', () => {
  const says = (index: number, reason: string) =>
    ({ layer: 'repository', rule: 'freeze/files', effect: index, says: 'deny', reason }) as const;
  const findings = [says(0, 'frozen'), says(1, 'frozen'), says(1, 'and dirty')];
  const { rules } = card('rm a b', {
    effects: [effect(), effect()],
    verdict: { says: 'deny', findings, obligations: [], policies: [] },
  });
  assert.deepEqual(
    rules.map((one) => one.reason),
    ['frozen', 'and dirty'],
  );
});

function asked(answer: Evidence['answer']): Evidence {
  const about = { system: 'git', kind: 'remote-branch', path: ['/w', 'main'] };
  return evidenceOf({ question: { check: 'environment', about }, answer, atMs: 0, maxAgeMs: 1_000, source: 'git' });
}

test('the state of a repository is told in words, and is no environment', () => {
  const { environment, checks } = card('git push', {
    evidence: [asked({ known: { dirty: true, branch: 'main', untracked: 1 } })],
  });
  assert.equal(environment, 'not asked');
  assert.deepEqual(checks, [{ mark: '✓', text: 'git: branch main, changes that are not committed, 1 untracked file' }]);
});

test('an environment stands without the name of its line', () => {
  const environments = [{ id: 'e1', name: 'staging', production: false }];
  const told = (answer: Evidence['answer']): string => card('x', { evidence: [asked(answer)] }).environment;
  assert.equal(
    told({ known: { environments, by: 'claimed' } }),
    'staging (only claimed: a name that an agent could have written)',
  );
  assert.equal(told({ unknown: 'nobody answers' }), 'not known: nobody answers');
});

test('a copy is promised only where each effect that needs one has a plan for it', () => {
  const key = digestOf('x');
  const effects = [effect({ reversal: 'safeguardable' }), effect({ reversal: 'safeguardable', summary: 'another' })];
  const reversalWith = (kinds: readonly string[] | undefined): string => {
    const plans = (kinds ?? []).map((kind, index) => ({ effect: index, how: kind, kind, outsideBlastRadius: true }));
    const logHead = { size: 0, root: '' };
    const claim = {
      attemptKey: key,
      effects: key,
      evidence: [],
      policies: [],
      plans,
      logHead,
      nonce: '',
      expiresAtMs: 0,
    };
    return card('x', { effects, ...(kinds === undefined ? {} : { claim }) }).reversal;
  };
  assert.equal(reversalWith(['local-files', 'local-files']), 'can be undone from the copy that is taken first');
  for (const kinds of [undefined, [], ['local-files'], ['local-files', 'none']])
    assert.equal(reversalWith(kinds), 'can be undone only with a copy taken first', JSON.stringify(kinds));
});
