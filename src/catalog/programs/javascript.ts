import type { ProgramCatalogue } from './entry.ts';

const FS = 'https://nodejs.org/api/fs.html';
const CHILD = 'https://nodejs.org/api/child_process.html';
const VM = 'https://nodejs.org/api/vm.html';
const FETCH = 'https://developer.mozilla.org/docs/Web/API/fetch';
const AXIOS = 'https://axios-http.com/docs/api_intro';
const EXECA = 'https://github.com/sindresorhus/execa';
const DENO = 'https://docs.deno.com/api/deno/';
const BUN = 'https://bun.sh/docs/api/spawn';

export const JAVASCRIPT_CALLS: ProgramCatalogue = {
  calls: [
    { names: 'Deno.remove Deno.removeSync', does: { kind: 'deletes', path: 0 }, documented: `${DENO}~/Deno.remove` },
    {
      names: 'Deno.truncate Deno.truncateSync',
      does: { kind: 'empties', path: 0 },
      documented: `${DENO}~/Deno.truncate`,
    },
    {
      names: 'Deno.rename Deno.renameSync Deno.copyFile Deno.copyFileSync',
      does: { kind: 'overwrites', path: 1 },
      documented: `${DENO}~/Deno.rename`,
    },
    {
      names: 'Deno.writeTextFile Deno.writeTextFileSync Deno.writeFile Deno.writeFileSync Deno.create Deno.createSync',
      does: { kind: 'overwrites', path: 0 },
      documented: `${DENO}~/Deno.writeFile`,
    },
    { names: 'Deno.Command Deno.run', does: { kind: 'starts', from: 0 }, documented: `${DENO}~/Deno.Command` },
    { names: 'Bun.spawn Bun.spawnSync', does: { kind: 'starts', from: 0 }, documented: BUN },
    {
      names: 'fs.rm fs.rmSync fs.unlink fs.unlinkSync fs.remove fs.removeSync fs.emptyDir fs.emptyDirSync',
      does: { kind: 'deletes', path: 0 },
      documented: `${FS}#fsrmpath-options-callback`,
    },
    {
      names:
        'rimraf rimraf.sync rimraf.rimraf rimraf.rimrafSync rimraf.native rimraf.manual del del.sync del.deleteAsync del.deleteSync del.del trash',
      does: { kind: 'deletes', path: 0 },
      documented: 'https://github.com/isaacs/rimraf',
    },
    {
      names: 'fs.rmdir fs.rmdirSync',
      does: { kind: 'deletes-empty', path: 0, unless: 'recursive' },
      documented: `${FS}#fsrmdirpath-options-callback`,
    },
    {
      names: 'fs.truncate fs.truncateSync',
      does: { kind: 'empties', path: 0 },
      documented: `${FS}#fstruncatepath-len-callback`,
    },
    {
      names:
        'fs.rename fs.renameSync fs.copyFile fs.copyFileSync fs.cp fs.cpSync fs.copy fs.copySync fs.move fs.moveSync',
      does: { kind: 'overwrites', path: 1 },
      documented: `${FS}#fsrenameoldpath-newpath-callback`,
    },
    {
      names:
        'fs.createWriteStream fs.writeFile fs.writeFileSync fs.outputFile fs.outputFileSync fs.writeJson fs.writeJsonSync fs.writeJSON fs.writeJSONSync Bun.write',
      does: { kind: 'overwrites', path: 0 },
      documented: `${FS}#fswritefilefile-data-options-callback`,
    },
    {
      names: 'fs.appendFile fs.appendFileSync',
      does: { kind: 'appends', path: 0 },
      documented: `${FS}#fsappendfilepath-data-options-callback`,
    },
    {
      names: 'fs.open fs.openSync',
      does: { kind: 'opens', path: 0, mode: 1 },
      documented: `${FS}#fsopenpath-flags-mode-callback`,
    },
    {
      names:
        'fs.readFile fs.readFileSync fs.createReadStream fs.readJson fs.readJsonSync Deno.readTextFile Deno.readTextFileSync Deno.readFile Deno.readFileSync Bun.file',
      does: { kind: 'reads', path: 0 },
      documented: `${FS}#fsreadfilepath-options-callback`,
    },
    {
      names:
        'child_process.exec child_process.execSync exec execSync execa.execaCommand execa.execaCommandSync execa.command execa.commandSync execaCommand',
      does: { kind: 'shell', text: 0 },
      documented: `${CHILD}#child_processexeccommand-options-callback`,
    },
    {
      names:
        'child_process.spawn child_process.spawnSync child_process.execFile child_process.execFileSync spawn spawnSync execFile execFileSync execa execa.execa execa.execaSync execa.sync execaSync node-pty.spawn',
      does: { kind: 'starts', from: 0 },
      documented: `${CHILD}#child_processspawncommand-args-options`,
    },
    {
      names: '$ zx.$ zx sh Bun.$ bun.$ execa.$ dax.$ shelljs.exec',
      does: { kind: 'shell', text: 0 },
      documented: 'https://google.github.io/zx/',
    },
    { names: 'execa.execaNode child_process.fork', does: { kind: 'loads', file: 0 }, documented: `${EXECA}#readme` },
    {
      names:
        'eval vm.runInThisContext vm.runInNewContext vm.runInContext vm.Script vm.compileFunction runInThisContext runInNewContext',
      does: { kind: 'evaluates', text: 0 },
      documented: `${VM}#vmrunincontextcode-contextifiedobject-options`,
    },
    {
      names: 'setTimeout setInterval setImmediate',
      does: { kind: 'evaluates', text: 0, ifText: true },
      documented: 'https://developer.mozilla.org/docs/Web/API/Window/setTimeout',
    },
    {
      names: 'worker_threads.Worker Worker',
      does: { kind: 'evaluates', text: 0, ifText: true },
      documented: 'https://nodejs.org/api/worker_threads.html#new-workerfilename-options',
    },
    {
      names: 'shelljs.rm',
      does: { kind: 'deletes', path: 'last' },
      documented: 'https://github.com/shelljs/shelljs#rmoptions-file--file-',
    },
    {
      names: 'Function',
      does: { kind: 'evaluates', text: 'last' },
      documented: 'https://developer.mozilla.org/docs/Web/JavaScript/Reference/Global_Objects/Function',
    },
    {
      names: 'process.binding process._linkedBinding process.dlopen',
      does: { kind: 'opaque', why: 'reaches inside the runtime' },
      documented: 'https://nodejs.org/api/process.html',
    },
    {
      names: 'process.chdir Deno.chdir',
      does: { kind: 'changes-folder', path: 0 },
      documented: 'https://nodejs.org/api/process.html#processchdirdirectory',
    },
    {
      names:
        'fetch axios got ky $fetch superagent undici.fetch undici.request axios.request http.request https.request http.get https.get got.got',
      does: { kind: 'requests', method: 'GET', url: 0 },
      documented: FETCH,
    },
    {
      names: 'axios.get got.get ky.get superagent.get axios.head got.head',
      does: { kind: 'requests', method: 'GET', url: 0 },
      documented: AXIOS,
    },
    {
      names: 'axios.post got.post ky.post superagent.post',
      does: { kind: 'requests', method: 'POST', url: 0 },
      documented: AXIOS,
    },
    {
      names: 'axios.put got.put ky.put superagent.put',
      does: { kind: 'requests', method: 'PUT', url: 0 },
      documented: AXIOS,
    },
    {
      names: 'axios.patch got.patch ky.patch superagent.patch',
      does: { kind: 'requests', method: 'PATCH', url: 0 },
      documented: AXIOS,
    },
    {
      names: 'axios.delete got.delete ky.delete superagent.delete superagent.del',
      does: { kind: 'requests', method: 'DELETE', url: 0 },
      documented: AXIOS,
    },
    {
      names: 'sql postgres() neon() @neondatabase/serverless.neon() @vercel/postgres.sql bun.sql Bun.sql',
      does: { kind: 'sql', text: 0 },
      documented: 'https://github.com/porsager/postgres',
    },
  ],
  methods: [
    {
      names: 'constructor',
      does: { kind: 'evaluates', text: 'last', ifText: true },
      documented: 'https://developer.mozilla.org/docs/Web/JavaScript/Reference/Global_Objects/Function/Function',
    },
    {
      names:
        'rmSync unlinkSync removeSync emptyDir emptyDirSync deleteDirectory rm_rf remove_tree rmtree remove_dir remove_file unlink_all',
      does: { kind: 'deletes', path: 'each' },
      documented: `${FS}#fsrmsyncpath-options`,
    },
    {
      names: 'rmdirSync',
      does: { kind: 'deletes-empty', path: 0, unless: 'recursive' },
      documented: `${FS}#fsrmdirsyncpath-options`,
    },
    {
      names: 'writeFileSync writeFile',
      does: { kind: 'overwrites', path: 0 },
      documented: `${FS}#fswritefilesyncfile-data-options`,
    },
    {
      names: 'readFile readFileSync',
      does: { kind: 'reads', path: 0 },
      documented: `${FS}#fsreadfilesyncpath-options`,
    },
    {
      names: 'execSync execaCommand execCommand',
      does: { kind: 'shell', text: 0 },
      documented: `${CHILD}#child_processexecsynccommand-options`,
    },
    {
      names: 'spawnSync execFileSync execFile spawn execa execaSync',
      does: { kind: 'starts', from: 0 },
      documented: `${CHILD}#child_processspawnsynccommand-args-options`,
    },
    {
      names:
        'query execute raw exec run unsafe executeRaw executeRawUnsafe queryRaw queryRawUnsafe $executeRaw $executeRawUnsafe $queryRaw $queryRawUnsafe prepare sql none any one',
      does: { kind: 'sql', text: 0 },
      documented: 'https://node-postgres.com/apis/client#clientquery',
    },
  ],
  gives: {
    first:
      'String Array.from Object Promise.resolve util.promisify promisify url.fileURLToPath fileURLToPath path.normalize fs.realpathSync structuredClone Object.freeze Object.values',
    'joined-paths': 'path.join path.posix.join path.win32.join join',
    'resolved-paths': 'path.resolve path.posix.resolve resolve',
    home: 'os.homedir homedir',
    'temporary-folder': 'os.tmpdir tmpdir',
    'new-file': 'fs.mkdtempSync fs.mkdtemp',
    'this-folder': 'process.cwd Deno.cwd',
    'script-folder': 'URL',
    'folder-of': 'path.dirname dirname',
    pattern:
      'glob.sync glob.globSync glob.glob glob globby globby.globby globby.sync fast-glob fast-glob.sync globSync tinyglobby.glob fs.globSync fs.glob',
    'names-in': 'fs.readdirSync fs.readdir Deno.readDirSync',
    module: 'require import __non_webpack_require__',
    member: 'Reflect.get',
    json: 'JSON.stringify',
    content: 'fs.readFileSync fs.readFile Deno.readTextFileSync Deno.readTextFile',
    characters: 'String.fromCharCode String.fromCodePoint',
    constant: 'module.createRequire createRequire',
  },
};
