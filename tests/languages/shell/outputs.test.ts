import assert from 'node:assert/strict';
import { test } from 'node:test';
import { worstDanger } from '../../../src/core/danger.ts';
import { makeShellReader } from '../../../src/languages/shell/read-shell.ts';
import { dangerIn, type SeenWorld } from './seen-world.ts';

/** Only `notes.txt` and `data/` hold anything that exists nowhere else. */
const world: SeenWorld = {
  files: {
    '/w/notes.txt': { irreplaceable: ['notes.txt'] },
    '/w/notes.txt.gz': { irreplaceable: ['notes.txt.gz'] },
    '/w/data': { type: 'directory', irreplaceable: ['a'] },
    '/w/kept.txt': { trackedAndClean: true },
    '/w/app': { irreplaceable: ['app'] },
    '/w/new.txt': { exists: false, type: 'none' },
    '/w/dir': { exists: false, type: 'none' },
    '/w/bin/ls': {},
    '/w/ls': { exists: false, type: 'none' },
  },
  texts: { '/w/bin/ls': 'rm -rf data\n', '/w/a.c': '' },
};

/** The file stands where `…` is. */
const WRITES = `openssl rand -out … 16
openssl genrsa -out … 2048
openssl req -x509 -keyout … -nodes
script …
script -q -c true …
script -O … -c true
strace -o … true
strace -f -o … ls
ltrace --output=… ls
python3 -m zipfile -c … main.py
python3 -m zipfile --create … main.py
python3.12 -m tarfile -c … main.py
python -m json.tool a.json …
pandoc README.md -o …
gcc a.c -o …
gpg --yes -o … -d a.gpg
patch -o … main.py x.diff
git bundle create … HEAD
git diff --output=…
git mv -f main.py …
xxd main.py …
iconv -f utf8 -t latin1 -o … main.py
htpasswd -c … ann
tcpdump -i eth0 -w …
pg_dump -f … app
mysqldump --result-file=… app
redis-cli --rdb …
docker save -o … app
logsave … true
zstd -qf main.py -o …
convert a.png png:…
ffmpeg -y -i a.mov …
sqlite3 x.db ".output …"
psql -c '\\o …'
fallocate -p -l 10 …
sed -i 's/.*/x/' …
sed -i -E 's/.+/x/' …
sed -i 'c\\\\x' …
sed -i '/./d' …
sed -i '1,$d' …
sed -n 'w …' main.py
sed 's/a/b/w …' main.py
awk -i inplace '{print "x"}' …
awk -v f=… '{print > f}' main.py
awk '{print > ARGV[2]}' main.py …
ex -sc '%d|x' …
vim -es '+%s/.*//' '+wq' …
vim -es -c 'w! …' -c q main.py
zip -m a.zip …
7z a a.7z … -sdel`.split('\n');

for (const command of WRITES)
  test(`${command}: what the file held is lost`, () => {
    assert.equal(dangerIn(world, command.replace('…', 'notes.txt')), 'destructive');
    // `zip -m`, `7z -sdel`, editors and `sed -i` need a file; the others make one.
    assert.notEqual(dangerIn(world, command.replace('…', 'new.txt')), 'destructive');
  });

const ROWS: readonly (readonly [string, 'harmless' | 'opaque' | 'destructive'])[] = [
  ['gcc a.c -o app', 'harmless'],
  ['clang++ a.cpp -o app', 'harmless'],
  ['go build -o app ./cmd', 'harmless'],
  ['gzip -f notes.txt', 'destructive'],
  ['gunzip -f notes.txt.gz', 'destructive'],
  ['gzip -k kept.txt', 'harmless'],
  ['unzip -o a.zip -d data', 'destructive'],
  ['unzip -o a.zip -d dir', 'harmless'],
  ['python3 -m zipfile -e a.zip data', 'destructive'],
  ['python3 -m zipfile -e a.zip dir', 'harmless'],
  ['python3 -m zipfile -l a.zip', 'harmless'],
  ['python3 -m venv --clear data', 'destructive'],
  ['sed -i 1d notes.txt', 'harmless'],
  ["sed -i 's/a/b/' notes.txt", 'harmless'],
  ["sed -i 's/.*/[&]/' notes.txt", 'harmless'],
  ["sed -i '3s/.*/x/' notes.txt", 'harmless'],
  ["awk -i inplace '{print $1}' notes.txt", 'harmless'],
  ["awk -i inplace 'NR>1' notes.txt", 'harmless'],
  ['mv notes.txt new.txt', 'harmless'],
  ['mv kept.txt notes.txt', 'destructive'],
  ['mv notes.txt new.txt && mv kept.txt new.txt', 'destructive'],
  ['ssh-keygen -t ed25519 -N "" -f notes.txt', 'harmless'],
  ['yes | ssh-keygen -t ed25519 -N "" -f notes.txt', 'destructive'],
  ['git mv kept.txt notes.txt', 'harmless'],
  ['PATH=bin:$PATH ls', 'destructive'],
  ['export PATH=$PWD/bin:$PATH; ls', 'destructive'],
  ['env PATH=./bin:/usr/bin ls', 'destructive'],
  ['PATH=/usr/bin:bin ls', 'destructive'],
  ['PATH=.:$PATH ls', 'harmless'],
  ['PATH=$PATH:bin ls', 'harmless'],
  ['PATH=./node_modules/.bin:$PATH eslint .', 'harmless'],
  ['PATH=bin:$PATH echo hi', 'harmless'],
];

for (const [command, want] of ROWS)
  test(`${command}: ${want}`, () => {
    assert.equal(dangerIn(world, command), want);
  });

function dangerInText(text: string): string {
  const action = { kind: 'shell', bytes: new TextEncoder().encode(text) } as const;
  return worstDanger(makeShellReader({})(action, { workspace: '', cwd: '', fact: () => undefined }).effects);
}

test('where no disk can be asked, what a tool makes in the project is everyday work, and a key in the home is not', () => {
  for (const command of ['openssl genrsa -out key.pem 2048', 'pg_dump -f app.sql app', 'strace -o trace.log ls'])
    assert.equal(dangerInText(command), 'harmless', command);
  for (const command of ['openssl genrsa -out ~/.ssh/id_rsa 2048', 'PATH=.:$PATH ls'])
    assert.notEqual(dangerInText(command), 'harmless', command);
});
