import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Json } from '../../src/core/canonical-json.ts';
import { REDACTED, redactSecrets, redactText } from '../../src/core/redact.ts';

// Put together here so that no scanner takes them for real ones.
const SECRET = ['s3cr3t', 'Value', '9f'].join('');
const UUID = ['0b7e0c7a', '9a1d', '4f0e', '8a55', '0123456789ab'].join('-');
const token = (prefix: string, length = 36): string => `${prefix}${'a1B2c3D4e5F6'.repeat(8).slice(0, length)}`;

const MASKED: readonly (readonly [text: string, secret: string])[] = [
  [`curl -H "Authorization: Bearer ${SECRET}" https://x.test`, SECRET],
  [`curl -H 'authorization: Basic ${btoa(`user:${SECRET}`)}'`, btoa(`user:${SECRET}`)],
  [`Authorization: ${SECRET}`, SECRET],
  [`{"Authorization":"Bearer ${SECRET}"}`, SECRET],
  [`{\\"authorization\\": \\"Bearer ${SECRET}\\"}`, SECRET],
  [`Cookie: session=${SECRET}; other=1`, SECRET],
  [`X-Api-Key: ${SECRET}`, SECRET],
  [`Project-Access-Token: ${UUID}`, UUID],
  [`bearer ${UUID}`, UUID],
  [`token: ${UUID}`, UUID],
  [`token ${UUID}`, UUID],
  [`RAILWAY_TOKEN=${UUID} railway up`, UUID],
  [`export AWS_SECRET_ACCESS_KEY='${SECRET}'`, SECRET],
  [`DB_PASSWORD="${SECRET}"`, SECRET],
  [`PGPASSWORD=${SECRET} psql`, SECRET],
  [`apiKey=${SECRET}`, SECRET],
  [`--api-key=${SECRET}`, SECRET],
  [`--password ${SECRET}`, SECRET],
  [`PASSWORD="two words ${SECRET}"`, SECRET],
  [`PASSWORD='two words ${SECRET}'`, SECRET],
  [`url=https://x.test/?token=${SECRET}`, SECRET],
  [`env A=1 B=2 TOKEN=${SECRET} make`, SECRET],
  [`password: ${SECRET}`, SECRET],
  [`curl -u admin:${SECRET} https://x.test`, SECRET],
  [`curl --user admin:${SECRET} https://x.test`, SECRET],
  [`https://x.test/?a=1&access_token=${SECRET}&b=2`, SECRET],
  [`psql postgres://app:${SECRET}@db.test:5432/main`, SECRET],
  [`postgres://app:p@${SECRET}@db.test/main`, SECRET],
  [`git clone https://${token('x')}@github.com/o/r`, token('x')],
  [`aws AKIA${'ABCDEFGHIJKLMNOP'} x`, `AKIA${'ABCDEFGHIJKLMNOP'}`],
  ...[
    'ghp_',
    'gho_',
    'github_pat_',
    'glpat-',
    'xoxb-',
    'npm_',
    'pypi-',
    `sk_${'live'}_`,
    'sk-ant-',
    'hf_',
    'AIza',
    'SG.',
  ].map((prefix) => [`use ${token(prefix)} now`, token(prefix)] as const),
  [`jwt ${token('eyJ', 30)}.${token('eyJ', 40)}.${token('', 40)}`, token('', 40)],
  [`-----BEGIN OPENSSH ${'PRIVATE'} KEY-----\n${SECRET}\n-----END OPENSSH PRIVATE KEY-----\nafter`, SECRET],
  [`-----BEGIN ${'PRIVATE'} KEY-----\n${SECRET}`, SECRET],
];

const KEPT: readonly string[] = [
  'rm -rf node_modules',
  'git commit -m "rotate the key and the token"',
  'basic understanding of bearer authentication',
  'SELECT id, token_count FROM usage WHERE primary_id = 4',
  'echo $TOKEN $'.concat('{SECRET}'),
  'TOKEN=$OTHER_TOKEN make',
  'TOKEN=$(cat file) make',
  'TOKEN=<your token here>',
  'https://example.com/path?x=1#y',
  'postgres://db.test:5432/main',
  'monkey=banana',
  'ssh-keygen -t ed25519 -f id',
  `volumeDelete(volumeId: "${UUID}")`,
  '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
  'a'.repeat(64),
];

describe('redaction', () => {
  for (const [text, secret] of MASKED) {
    test(`masks: ${text.slice(0, 24).replaceAll('\n', ' ')}...`, () => {
      const masked = redactText(text);
      assert.ok(!masked.includes(secret), masked);
      assert.ok(masked.includes(REDACTED), masked);
    });
  }

  for (const text of KEPT)
    test(`keeps: ${text.slice(0, 50).replaceAll('\n', ' ')}`, () => assert.equal(redactText(text), text));

  test('what stands around a secret stays', () => {
    assert.equal(
      redactText(`psql postgres://app:${SECRET}@db.test/main -c 'select 1'`),
      `psql postgres://app:${REDACTED}@db.test/main -c 'select 1'`,
    );
    assert.equal(
      redactText(`curl -H "Authorization: Bearer ${SECRET}" https://x.test`),
      `curl -H "Authorization: ${REDACTED}" https://x.test`,
    );
    assert.equal(redactText(`x?access_token=${SECRET}&b=2`), `x?access_token=${REDACTED}&b=2`);
  });

  test('members with telling names are masked whole, others by their text', () => {
    const input: Json = {
      headers: { authorization: 'abc', 'x-other': 'abc' },
      password: ['a', { deep: 'b' }],
      attemptKey: 'k',
      count: { tokens: 5 },
      list: [`ghp_${'a'.repeat(36)}`, null, true],
    };
    assert.deepEqual(redactSecrets(input), {
      headers: { authorization: REDACTED, 'x-other': 'abc' },
      password: [REDACTED, { deep: REDACTED }],
      attemptKey: 'k',
      count: { tokens: 5 },
      list: [REDACTED, null, true],
    });
  });

  test('masking twice changes nothing more', () => {
    for (const [text] of MASKED) assert.equal(redactText(redactText(text)), redactText(text));
    fc.assert(
      fc.property(fc.jsonValue(), (value) =>
        assert.deepEqual(redactSecrets(redactSecrets(value as Json)), redactSecrets(value as Json)),
      ),
    );
  });

  test('a secret is found wherever it stands in a text', () => {
    fc.assert(
      fc.property(fc.lorem(), fc.lorem(), fc.constantFrom(...MASKED), (before, after, [text, secret]) => {
        assert.ok(!redactText(`${before}\n${text}\n${after}`).includes(secret));
      }),
    );
  });

  test('a long text made to be slow ends', () => {
    // A quadratic pattern takes hours on these; there is nothing to measure.
    for (const unit of [
      'a',
      'a-',
      'eyJ-',
      'eyJ',
      'key',
      'a.',
      '://',
      'http://',
      'http://a:',
      'token ',
      'bearer ',
      'authorization',
      'authorization ',
      '-----BEGIN ',
      '-----BEGIN PRIVATE KEY-----',
      'a="',
      "x='",
      ' -u ',
      '--user ',
      'sk-',
      'AKIA',
      '_',
      '=',
      ':',
      '"',
      '\\"',
      'token:',
      'TOKEN=$',
      'KEY="',
      "KEY='",
      'KEY="\\',
      '--key ',
      'key\u00a0',
      '\ud800',
      'k_',
      ' ',
      '\n',
    ]) {
      const text = unit.repeat(Math.ceil(300_000 / unit.length));
      assert.equal(typeof redactText(text), 'string');
      assert.equal(typeof redactText(`token${text}`), 'string');
    }
  });
});
