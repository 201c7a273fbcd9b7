import type { ProgramCatalogue } from './entry.ts';

const MANUAL = 'https://www.php.net/manual/en/function';
const LARAVEL = 'https://laravel.com/docs';

export const PHP_CALLS: ProgramCatalogue = {
  calls: [
    { names: 'unlink filesystem().remove', does: { kind: 'deletes', path: 0 }, documented: `${MANUAL}.unlink.php` },
    { names: 'rmdir', does: { kind: 'deletes-empty', path: 0 }, documented: `${MANUAL}.rmdir.php` },
    {
      names: 'rename copy move_uploaded_file',
      does: { kind: 'overwrites', path: 1 },
      documented: `${MANUAL}.rename.php`,
    },
    {
      names: 'file_put_contents',
      does: { kind: 'overwrites', path: 0 },
      documented: `${MANUAL}.file-put-contents.php`,
    },
    {
      names: 'fopen gzopen splfileobject',
      does: { kind: 'opens', path: 0, mode: 1 },
      documented: `${MANUAL}.fopen.php`,
    },
    {
      names: 'file_get_contents file readfile show_source highlight_file',
      does: { kind: 'reads', path: 0 },
      documented: `${MANUAL}.file-get-contents.php`,
    },
    {
      names: '` exec shell_exec system passthru popen',
      does: { kind: 'shell', text: 0 },
      documented: `${MANUAL}.shell-exec.php`,
    },
    { names: 'proc_open process', does: { kind: 'starts', from: 0 }, documented: `${MANUAL}.proc-open.php` },
    { names: 'pcntl_exec', does: { kind: 'starts', from: 0, reads: 'words' }, documented: `${MANUAL}.pcntl-exec.php` },
    { names: 'eval', does: { kind: 'evaluates', text: 0 }, documented: `${MANUAL}.eval.php` },
    { names: 'assert', does: { kind: 'evaluates', text: 0, ifText: true }, documented: `${MANUAL}.assert.php` },
    { names: 'create_function', does: { kind: 'evaluates', text: 1 }, documented: `${MANUAL}.create-function.php` },
    {
      names: 'assert_options',
      does: { kind: 'opaque', why: 'runs what stands in data' },
      documented: `${MANUAL}.unserialize.php`,
    },
    { names: 'include', does: { kind: 'loads', file: 0 }, documented: `${MANUAL}.include.php` },
    { names: 'chdir', does: { kind: 'changes-folder', path: 0 }, documented: `${MANUAL}.chdir.php` },
    { names: 'mysql_query pg_query', does: { kind: 'sql', text: 'last' }, documented: `${MANUAL}.pg-query.php` },
    {
      names: 'mysqli_query mysqli_multi_query mysqli_real_query pg_send_query',
      does: { kind: 'sql', text: 1 },
      documented: 'https://www.php.net/manual/en/mysqli.query.php',
    },
    {
      names: 'db.statement db.unprepared db.delete db.update db.select db.insert',
      does: { kind: 'sql', text: 0 },
      documented: `${LARAVEL}/database`,
    },
    { names: 'artisan.call artisan.queue', does: { kind: 'tool', tool: 'artisan' }, documented: `${LARAVEL}/artisan` },
    {
      names: 'file.delete file.deletedirectory file.cleandirectory storage.delete storage.deletedirectory',
      does: { kind: 'deletes', path: 0 },
      documented: `${LARAVEL}/filesystem`,
    },
    {
      names: 'http.delete',
      does: { kind: 'requests', method: 'DELETE', url: 0 },
      documented: `${LARAVEL}/http-client`,
    },
    { names: 'http.post', does: { kind: 'requests', method: 'POST', url: 0 }, documented: `${LARAVEL}/http-client` },
    { names: 'http.put', does: { kind: 'requests', method: 'PUT', url: 0 }, documented: `${LARAVEL}/http-client` },
    { names: 'http.patch', does: { kind: 'requests', method: 'PATCH', url: 0 }, documented: `${LARAVEL}/http-client` },
  ],
  methods: [
    {
      names: 'unlink deletedirectory deletedir rmtree remove_tree',
      does: { kind: 'deletes', path: 'each' },
      documented: 'https://flysystem.thephpleague.com/docs/usage/filesystem-api/',
    },
    {
      names: 'shell_exec passthru proc_open system popen',
      does: { kind: 'shell', text: 0 },
      documented: `${MANUAL}.shell-exec.php`,
    },
    {
      names:
        'query exec prepare multi_query real_query execute statement unprepared raw executestatement executequery executeupdate',
      does: { kind: 'sql', text: 0 },
      documented: 'https://www.php.net/manual/en/pdo.exec.php',
    },
  ],
  gives: {
    first:
      'realpath strval trim escapeshellarg escapeshellcmd rtrim ltrim array_values array_merge array_filter stripslashes closure.fromcallable',
    'this-folder': 'getcwd',
    'temporary-folder': 'sys_get_temp_dir',
    'new-file': 'tempnam tmpfile',
    'folder-of': 'dirname',
    pattern: 'glob',
    'names-in': 'scandir',
    content: 'file_get_contents',
    json: 'json_encode',
    characters: 'chr',
    imploded: 'implode join',
    formatted: 'sprintf vsprintf',
  },
};
