import type { ProgramCatalogue } from './entry.ts';

const OS = 'https://docs.python.org/3/library/os.html';
const SHUTIL = 'https://docs.python.org/3/library/shutil.html';
const PATHLIB = 'https://docs.python.org/3/library/pathlib.html';
const SUBPROCESS = 'https://docs.python.org/3/library/subprocess.html';
const FUNCTIONS = 'https://docs.python.org/3/library/functions.html';
const URLLIB = 'https://docs.python.org/3/library/urllib.request.html';
const REQUESTS = 'https://requests.readthedocs.io/en/latest/api/';
const HTTPX = 'https://www.python-httpx.org/api/';

export const PYTHON_CALLS: ProgramCatalogue = {
  calls: [
    { names: 'os.remove os.unlink', does: { kind: 'deletes', path: 0 }, documented: `${OS}#os.remove` },
    { names: 'shutil.rmtree', does: { kind: 'deletes', path: 0 }, documented: `${SHUTIL}#shutil.rmtree` },
    {
      names: 'os.removedirs os.rmdir pathlib.Path.rmdir',
      does: { kind: 'deletes-empty', path: 0 },
      documented: `${OS}#os.rmdir`,
    },
    { names: 'pathlib.Path.unlink', does: { kind: 'deletes', path: 0 }, documented: `${PATHLIB}#pathlib.Path.unlink` },
    {
      names:
        'send2trash send2trash.send2trash distutils.dir_util.remove_tree setuptools._distutils.dir_util.remove_tree',
      does: { kind: 'deletes', path: 0 },
      documented: 'https://pypi.org/project/Send2Trash/',
    },
    { names: 'os.truncate', does: { kind: 'empties', path: 0 }, documented: `${OS}#os.truncate` },
    {
      names: 'os.replace os.rename os.renames pathlib.Path.rename pathlib.Path.replace',
      does: { kind: 'overwrites', path: 1 },
      documented: `${OS}#os.replace`,
    },
    {
      names: 'shutil.move shutil.copy shutil.copy2 shutil.copyfile',
      does: { kind: 'overwrites', path: 1 },
      documented: `${SHUTIL}#shutil.copyfile`,
    },
    {
      names: 'open io.open codecs.open gzip.open bz2.open lzma.open zipfile.ZipFile tarfile.open os.open aiofiles.open',
      does: { kind: 'opens', path: 0, mode: 1 },
      documented: `${FUNCTIONS}#open`,
    },
    {
      names:
        'os.system os.popen subprocess.getoutput subprocess.getstatusoutput commands.getoutput asyncio.create_subprocess_shell',
      does: { kind: 'shell', text: 0 },
      documented: `${OS}#os.system`,
    },
    {
      names:
        'subprocess.run subprocess.call subprocess.Popen subprocess.check_call subprocess.check_output pty.spawn pexpect.spawn pexpect.run',
      does: { kind: 'starts', from: 0 },
      documented: `${SUBPROCESS}#subprocess.run`,
    },
    {
      names: 'asyncio.create_subprocess_exec',
      does: { kind: 'starts', from: 0, reads: 'words' },
      documented: 'https://docs.python.org/3/library/asyncio-subprocess.html',
    },
    {
      names:
        'os.execv os.execve os.execvp os.execvpe os.execl os.execle os.execlp os.execlpe os.posix_spawn os.posix_spawnp',
      does: { kind: 'starts', from: 0, named: true, reads: 'words' },
      documented: `${OS}#os.execl`,
    },
    {
      names: 'os.spawnl os.spawnle os.spawnlp os.spawnlpe os.spawnv os.spawnve os.spawnvp os.spawnvpe',
      does: { kind: 'starts', from: 1, named: true, reads: 'words' },
      documented: `${OS}#os.spawnl`,
    },
    { names: 'eval exec compile timeit.timeit', does: { kind: 'evaluates', text: 0 }, documented: `${FUNCTIONS}#exec` },
    {
      names: 'runpy.run_path execfile',
      does: { kind: 'loads', file: 0 },
      documented: 'https://docs.python.org/3/library/runpy.html',
    },
    {
      names:
        'pickle.loads marshal.loads dill.loads cloudpickle.loads types.FunctionType types.CodeType code.InteractiveInterpreter',
      does: { kind: 'opaque', why: 'runs what stands in data' },
      documented: 'https://docs.python.org/3/library/pickle.html',
    },
    { names: 'os.chdir', does: { kind: 'changes-folder', path: 0 }, documented: `${OS}#os.chdir` },
    {
      names: 'contextlib.chdir',
      does: { kind: 'changes-folder', path: 0 },
      documented: 'https://docs.python.org/3/library/contextlib.html',
    },
    { names: 'requests.get httpx.get', does: { kind: 'requests', method: 'GET', url: 0 }, documented: REQUESTS },
    { names: 'requests.head httpx.head', does: { kind: 'requests', method: 'HEAD', url: 0 }, documented: REQUESTS },
    { names: 'requests.post httpx.post', does: { kind: 'requests', method: 'POST', url: 0 }, documented: REQUESTS },
    { names: 'requests.put httpx.put', does: { kind: 'requests', method: 'PUT', url: 0 }, documented: REQUESTS },
    { names: 'requests.patch httpx.patch', does: { kind: 'requests', method: 'PATCH', url: 0 }, documented: REQUESTS },
    { names: 'requests.delete httpx.delete', does: { kind: 'requests', method: 'DELETE', url: 0 }, documented: HTTPX },
    {
      names: 'requests.request httpx.request requests.Request httpx.Request',
      does: { kind: 'requests', method: 0, url: 1 },
      documented: REQUESTS,
    },
    {
      names: 'urllib.request.urlopen urllib.request.Request urlopen',
      does: { kind: 'requests', method: 'GET', url: 0 },
      documented: URLLIB,
    },
    {
      names: 'django.core.management.call_command',
      does: { kind: 'tool', tool: 'manage.py' },
      documented: 'https://docs.djangoproject.com/en/stable/ref/django-admin/#django.core.management.call_command',
    },
  ],
  methods: [
    { names: 'unlink', does: { kind: 'deletes', path: 'self' }, documented: `${PATHLIB}#pathlib.Path.unlink` },
    {
      names: 'rmtree remove_tree removedirs_all rmdir_r remove_dir remove_file unlink_all',
      does: { kind: 'deletes', path: 'each' },
      documented: `${SHUTIL}#shutil.rmtree`,
    },
    { names: 'rmdir', does: { kind: 'deletes-empty', path: 'self' }, documented: `${PATHLIB}#pathlib.Path.rmdir` },
    {
      names: 'write_text write_bytes',
      does: { kind: 'overwrites', path: 'self' },
      documented: `${PATHLIB}#pathlib.Path.write_text`,
    },
    {
      names: 'read_text read_bytes',
      does: { kind: 'reads', path: 'self' },
      documented: `${PATHLIB}#pathlib.Path.read_text`,
    },
    {
      names: 'system popen exec_command getoutput getstatusoutput create_subprocess_shell',
      does: { kind: 'shell', text: 0 },
      documented: `${OS}#os.system`,
    },
    {
      names:
        'Popen spawn check_call check_output execv execvp execl execlp execve create_subprocess_exec posix_spawn fork_exec',
      does: { kind: 'starts', from: 0 },
      documented: `${SUBPROCESS}#subprocess.run`,
    },
    {
      names:
        'execute executescript executemany query raw exec_driver_sql fetch fetchrow fetchval read_sql read_sql_query text',
      does: { kind: 'sql', text: 0 },
      documented: 'https://peps.python.org/pep-0249/',
    },
  ],
  gives: {
    first:
      'str bytes bytearray os.fspath os.path.abspath os.path.realpath os.path.expanduser os.path.expandvars os.path.normpath list sorted reversed set tuple iter frozenset shlex.quote textwrap.dedent compile operator.methodcaller repr itertools.chain tempfile.TemporaryDirectory().__enter__ sqlalchemy.text text',
    'resolved-paths': 'os.path.join pathlib.Path pathlib.PurePath pathlib.PosixPath pathlib.PurePosixPath Path',
    home: 'pathlib.Path.home Path.home',
    'temporary-folder': 'tempfile.gettempdir',
    'new-file':
      'tempfile.mkdtemp tempfile.mkstemp tempfile.mktemp tempfile.TemporaryDirectory tempfile.NamedTemporaryFile',
    'this-folder': 'os.getcwd pathlib.Path.cwd Path.cwd',
    'folder-of': 'os.path.dirname',
    pattern: 'glob.glob glob.iglob glob',
    'names-in': 'os.listdir os.scandir',
    walk: 'os.walk',
    module: '__import__ importlib.import_module importlib.__import__ import_module',
    member: 'getattr operator.attrgetter inspect.getattr_static object.__getattribute__',
    'all-names': 'globals locals vars',
    file: 'open io.open codecs.open',
    json: 'json.dumps',
    characters: 'chr',
    bound: 'functools.partial partial',
  },
};
