import type { ProgramCatalogue } from './entry.ts';

const FUNC = 'https://perldoc.perl.org/functions';
const DBI = 'https://metacpan.org/pod/DBI';

export const PERL_CALLS: ProgramCatalogue = {
  calls: [
    { names: 'unlink', does: { kind: 'deletes', path: 'each' }, documented: `${FUNC}/unlink` },
    {
      names: 'rmtree remove_tree File.Path.rmtree File.Path.remove_tree File.Path.Tiny.rm File.Remove.remove',
      does: { kind: 'deletes', path: 'each' },
      documented: 'https://perldoc.perl.org/File::Path',
    },
    { names: 'rmdir', does: { kind: 'deletes-empty', path: 0 }, documented: `${FUNC}/rmdir` },
    { names: 'truncate', does: { kind: 'empties', path: 0 }, documented: `${FUNC}/truncate` },
    {
      names: 'rename move copy mv cp File.Copy.move File.Copy.copy',
      does: { kind: 'overwrites', path: 1 },
      documented: `${FUNC}/rename`,
    },
    { names: 'open', does: { kind: 'opens', path: 0, mode: 1 }, documented: `${FUNC}/open` },
    { names: '`', does: { kind: 'shell', text: 0 }, documented: 'https://perldoc.perl.org/perlop#qx/STRING/' },
    {
      names: 'system exec capture run IPC.Open3.open3 IPC.Open2.open2 IPC.Run.run IPC.System.Simple.system',
      does: { kind: 'starts', from: 0, reads: 'words' },
      documented: `${FUNC}/system`,
    },
    { names: 'eval', does: { kind: 'evaluates', text: 0 }, documented: `${FUNC}/eval` },
    { names: 'do', does: { kind: 'loads', file: 0 }, documented: `${FUNC}/do` },
    { names: 'chdir', does: { kind: 'changes-folder', path: 0 }, documented: `${FUNC}/chdir` },
    {
      names: 'HTTP.Request.new',
      does: { kind: 'requests', method: 0, url: 1 },
      documented: 'https://metacpan.org/pod/HTTP::Request',
    },
  ],
  methods: [
    {
      names: 'rmtree remove_tree unlink',
      does: { kind: 'deletes', path: 'each' },
      documented: 'https://metacpan.org/pod/Path::Tiny',
    },
    {
      names: 'do prepare execute selectall_arrayref selectall_hashref selectrow_array selectrow_hashref query',
      does: { kind: 'sql', text: 0 },
      documented: `${DBI}#do`,
    },
  ],
  gives: {
    pattern: 'glob',
    'this-folder': 'cwd getcwd Cwd.cwd Cwd.getcwd',
    'new-file': 'tempfile tempdir File.Temp.tempfile File.Temp.tempdir',
    'folder-of': 'dirname',
    'joined-paths': 'File.Spec.catfile File.Spec.catdir catfile catdir',
  },
};
