import type { ProgramCatalogue } from './entry.ts';

const FILE = 'https://docs.ruby-lang.org/en/master/File.html';
const UTILS = 'https://docs.ruby-lang.org/en/master/FileUtils.html';
const KERNEL = 'https://docs.ruby-lang.org/en/master/Kernel.html';
const HTTP = 'https://docs.ruby-lang.org/en/master/Net/HTTP.html';

export const RUBY_CALLS: ProgramCatalogue = {
  calls: [
    {
      names: 'File.delete File.unlink',
      does: { kind: 'deletes', path: 'each' },
      documented: `${FILE}#method-c-delete`,
    },
    {
      names:
        'FileUtils.rm FileUtils.rm_f FileUtils.rm_r FileUtils.rm_rf FileUtils.remove FileUtils.rmtree FileUtils.safe_unlink FileUtils.remove_dir FileUtils.remove_file FileUtils.remove_entry FileUtils.remove_entry_secure rm rm_r rm_rf rm_f',
      does: { kind: 'deletes', path: 0 },
      documented: `${UTILS}#method-i-rm_rf`,
    },
    {
      names: 'Dir.rmdir Dir.delete Dir.unlink FileUtils.rmdir',
      does: { kind: 'deletes-empty', path: 0 },
      documented: 'https://docs.ruby-lang.org/en/master/Dir.html#method-c-rmdir',
    },
    { names: 'File.truncate', does: { kind: 'empties', path: 0 }, documented: `${FILE}#method-c-truncate` },
    {
      names:
        'File.rename FileUtils.mv FileUtils.move FileUtils.cp FileUtils.copy FileUtils.copy_file FileUtils.install IO.copy_stream',
      does: { kind: 'overwrites', path: 1 },
      documented: `${FILE}#method-c-rename`,
    },
    {
      names: 'File.write IO.write File.binwrite IO.binwrite',
      does: { kind: 'overwrites', path: 0 },
      documented: 'https://docs.ruby-lang.org/en/master/IO.html#method-c-write',
    },
    { names: 'File.open File.new', does: { kind: 'opens', path: 0, mode: 1 }, documented: `${FILE}#method-c-new` },
    {
      names: 'open IO.open URI.open',
      does: { kind: 'opens', path: 0, mode: 1 },
      documented: `${KERNEL}#method-i-open`,
    },
    {
      names: 'File.read IO.read File.readlines IO.readlines File.binread File.foreach',
      does: { kind: 'reads', path: 0 },
      documented: 'https://docs.ruby-lang.org/en/master/IO.html#method-c-read',
    },
    { names: '` sh', does: { kind: 'shell', text: 0 }, documented: `${KERNEL}#method-i-60` },
    {
      names:
        'system exec spawn Process.spawn Process.exec IO.popen Open3.capture2 Open3.capture2e Open3.capture3 Open3.popen2 Open3.popen2e Open3.popen3 Open3.pipeline PTY.spawn',
      does: { kind: 'starts', from: 0, reads: 'words' },
      documented: `${KERNEL}#method-i-system`,
    },
    {
      names: 'eval instance_eval class_eval module_eval binding().eval instance_exec_text',
      does: { kind: 'evaluates', text: 0 },
      documented: `${KERNEL}#method-i-eval`,
    },
    { names: 'load require_relative', does: { kind: 'loads', file: 0 }, documented: `${KERNEL}#method-i-load` },
    {
      names: 'Dir.chdir FileUtils.cd FileUtils.chdir',
      does: { kind: 'changes-folder', path: 0 },
      documented: 'https://docs.ruby-lang.org/en/master/Dir.html#method-c-chdir',
    },
    {
      names:
        'Net.HTTP.Delete.new HTTParty.delete Faraday.delete RestClient.delete Excon.delete HTTP.delete Typhoeus.delete',
      does: { kind: 'requests', method: 'DELETE', url: 0 },
      documented: `${HTTP}/Delete.html`,
    },
    {
      names:
        'Net.HTTP.Post.new Net.HTTP.post Net.HTTP.post_form HTTParty.post Faraday.post RestClient.post Excon.post HTTP.post Typhoeus.post',
      does: { kind: 'requests', method: 'POST', url: 0 },
      documented: HTTP,
    },
    {
      names: 'Net.HTTP.Put.new HTTParty.put Faraday.put RestClient.put Excon.put HTTP.put Typhoeus.put',
      does: { kind: 'requests', method: 'PUT', url: 0 },
      documented: HTTP,
    },
    {
      names: 'Net.HTTP.Patch.new HTTParty.patch Faraday.patch RestClient.patch Excon.patch HTTP.patch',
      does: { kind: 'requests', method: 'PATCH', url: 0 },
      documented: HTTP,
    },
    {
      names: 'Net.HTTP.get Net.HTTP.get_response Net.HTTP.Get.new HTTParty.get Faraday.get RestClient.get HTTP.get',
      does: { kind: 'requests', method: 'GET', url: 0 },
      documented: HTTP,
    },
    {
      names: 'RestClient.Request.execute Typhoeus.Request.new',
      does: { kind: 'requests', method: 'GET', url: 0 },
      documented: 'https://github.com/rest-client/rest-client',
    },
  ],
  methods: [
    {
      names: 'rmtree rm_rf rm_r remove_entry remove_entry_secure remove_dir remove_file remove_tree',
      does: { kind: 'deletes', path: 'self' },
      documented: 'https://docs.ruby-lang.org/en/master/Pathname.html#method-i-rmtree',
    },
    {
      names: 'unlink',
      does: { kind: 'deletes', path: 'self' },
      documented: 'https://docs.ruby-lang.org/en/master/Pathname.html#method-i-unlink',
    },
    {
      names: 'system popen capture2 capture2e capture3 exec_command spawn',
      does: { kind: 'starts', from: 0, reads: 'words' },
      documented: `${KERNEL}#method-i-system`,
    },
    {
      names: 'instance_eval class_eval module_eval',
      does: { kind: 'evaluates', text: 0 },
      documented: `${KERNEL}#method-i-eval`,
    },
    {
      names: 'execute exec_query select_all exec query run exec_params async_exec',
      does: { kind: 'sql', text: 0 },
      documented: 'https://api.rubyonrails.org/classes/ActiveRecord/ConnectionAdapters/DatabaseStatements.html',
    },
  ],
  gives: {
    first: 'String Pathname.new Pathname File.realpath Shellwords.escape Array URI URI.parse URI.join',
    'joined-paths': 'File.join',
    'resolved-paths': 'File.expand_path File.absolute_path',
    home: 'Dir.home',
    'temporary-folder': 'Dir.tmpdir',
    'new-file': 'Dir.mktmpdir Tempfile.new Tempfile.create',
    'this-folder': 'Dir.pwd Dir.getwd',
    'script-folder': '__dir__',
    'folder-of': 'File.dirname',
    pattern: 'Dir.glob Pathname.glob',
    'names-in': 'Dir.children Dir.entries Dir.each_child Dir.foreach',
    constant: 'Object.const_get const_get Kernel.const_get',
    method: 'method',
    content: 'File.read IO.read File.binread',
    file: 'File.open File.new',
    json: 'JSON.generate JSON.dump',
  },
};
