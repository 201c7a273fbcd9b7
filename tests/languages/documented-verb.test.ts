import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { documentedVerb } from '../../src/languages/documented-verb.ts';

type Row = readonly [name: string, summary: string, description: string, raises: string, mild?: string];

/** `-`: nothing. */
const WRITES: readonly Row[] = [
  ['', 'Permanently deletes a volume', '', 'destroy'],
  ['', 'Delete a persistent volume in a project', '', 'destroy'],
  ['', 'This endpoint removes the member', '', 'destroy'],
  ['', 'Reset the counters', '', 'destroy'],
  ['finalizeAccount', '', 'Closes the account. All data will be permanently deleted.', 'destroy'],
  ['syncItems', 'Synchronise items', 'Items that are missing from the request are removed.', 'change'],
  ['syncItems', 'Synchronise items', 'Existing items are overwritten.', 'destroy'],
  ['popMessage', 'Fetch and delete the next message', '', 'destroy'],
  ['consume', 'Returns the next message and removes it from the queue', '', 'destroy'],
  ['archiveProject', 'Archive a project', 'If a backup exists, it is deleted as well.', 'destroy'],
  ['archiveProject', 'Archive a project', 'If the project is deleted, a 404 is returned.', 'change'],
  ['inviteUser', 'Invite a user', '', 'grant'],
  ['sendInvoice', 'Send an invoice', '', 'expose'],
  ['searchUsers', 'Search users', 'Deleted users are not included.', '-', 'read'],
  ['searchUsers', 'Search users', 'Requires permission to read and delete users.', '-', 'read'],
  ['searchUsers', 'Search users', 'The results will never be deleted.', '-', 'read'],
  ['createUser', 'Create a user', 'Users which are not verified can be removed later by an admin.', '-', 'create'],
  ['createApiToken', 'Create a token', '', 'grant', '-'],
  ['createWebhook', 'Create a webhook', '', 'expose', '-'],
  ['createDispatch', 'Create a workflow dispatch event', '', '-', '-'],
  ['', 'Create a deploy key', '', '-', '-'],
  ['', 'Search for things', '', '-', 'read'],
  ['searchUsers', 'Update the search index', '', 'change'],
  ['volumes/delete', '', '', 'destroy'],
  ['doIt', 'Does it', '', '-', '-'],
  ['', '', '', '-', '-'],
  ['', '**Deletes** the `thing`', '', 'destroy'],
  [
    '',
    'Do not call',
    'Unless told otherwise, the call deletes nothing that was not there; it wipes the cache.',
    'destroy',
  ],
];
const READS: readonly Row[] = [
  ['listDeletedUsers', 'List deleted users', 'Users that were deleted.', '-', 'read'],
  ['getVolume', 'Get a volume', 'Volumes are deleted after 30 days.', '-', 'read'],
  ['getJob', 'Delete status', '', '-', 'read'],
  ['getTombstones', 'Removed items', 'Items are removed from the list when they expire.', '-', 'read'],
  ['getMessage', 'Get a message', 'The message is deleted after reading.', 'destroy'],
  ['popMessage', 'Fetches and deletes the next message', '', 'destroy'],
  ['getReport', 'Returns the report', 'Also deletes the source data.', 'destroy'],
  ['deleteUser', 'User', '', 'destroy'],
  ['getAndDeleteUser', 'User', '', 'destroy'],
  ['tagList', 'Tag list', '', '-', '-'],
  ['getUpdates', 'Updates', 'Posts, releases and shares.', '-', 'read'],
  ['resetPasswordForm', 'Reset password form', '', '-', '-'],
];

describe('what documentation says', () => {
  const check = (rows: readonly Row[], isSafe: boolean): void => {
    for (const [name, summary, description, raises, mild] of rows)
      it(`${isSafe ? 'read' : 'write'}: ${name} “${summary}” “${description}”`, () => {
        const said = documentedVerb({ name: name.split('/').at(-1) ?? '', summary, description, isSafe });
        assert.equal(said.raises ?? '-', raises);
        if (mild !== undefined) assert.equal(said.mild ?? '-', mild);
      });
  };
  check(WRITES, false);
  check(READS, true);

  it('hears that something cannot be undone', () => {
    for (const [text, isFinal] of [
      ['This action cannot be undone.', true],
      ['Irreversibly removes it', true],
      ['It can be restored for 30 days', false],
    ] as const)
      assert.equal(
        documentedVerb({ name: '', summary: 'Delete it', description: text, isSafe: false }).isIrreversible,
        isFinal,
        text,
      );
  });

  it('never throws, and says nothing mild of a text that leads with a deletion', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), fc.boolean(), (text, name, isSafe) => {
        const said = documentedVerb({ name, summary: text, description: text, isSafe });
        assert.ok(said.raises === undefined || said.mild === undefined);
        const worse = documentedVerb({ name, summary: `Deletes it. ${text}`, description: '', isSafe: false });
        assert.equal(worse.raises, 'destroy');
      }),
    );
  });

  it('takes no longer for a text made to be slow', () => {
    for (const piece of ['and ', 'will also ', 'is then also permanently ', 'this it the ', 'if '])
      documentedVerb({ name: 'x', summary: piece.repeat(5_000), description: piece.repeat(50_000), isSafe: false });
  });
});
