import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalBytes } from '../../src/core/canonical-json.ts';
import { claimDigest, claimJson } from '../../src/core/hold.ts';
import { keyIdOf, publicKeyText } from '../../src/protocols/sshsig/index.ts';
import { approverFor } from '../fakes/people.ts';
import { softKey } from '../protocols/sshsig/keys.ts';
import { aClaim } from './approver.ts';

for (const type of ['sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'] as const) {
  test(`a ${type} key counts with touch and PIN only, for each combination of flags`, async () => {
    const key = softKey(type);
    const approver = approverFor([{ name: 'ann', presence: 'touched', publicKeyText: publicKeyText(key.publicKey) }]);
    const claim = aClaim();
    for (let flags = 0; flags < 256; flags += 1) {
      const bytes = new TextEncoder().encode(key.sign(canonicalBytes(claimJson(claim)), flags));
      const signatures = [{ key: keyIdOf(key.publicKey), format: 'sshsig' as const, bytes }];
      const check = await approver.check({ hold: 'h-1', claim: claimDigest(claim), signatures }, claim);
      const touched = (flags & 1) !== 0;
      const verified = (flags & 4) !== 0;
      if (touched && verified) assert.deepEqual(check, { ok: true, signers: [{ name: 'ann', presence: 'touched' }] });
      else {
        assert.ok(!check.ok, `flags ${flags}`);
        assert.match(check.why, touched ? /PIN/ : /not touched/);
      }
    }
  });
}
