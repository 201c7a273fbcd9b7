/** Tools that write a file which an argument names. What that file held before is gone, as after `> FILE`. */
export interface Output {
  /** Names of the program, then words of a subcommand: `docker|podman save`. `a|b` are alternatives. */
  readonly on: string;
  /** Flags whose value is the file. One that ends in `=` is glued to it (`of=`, `-sOutputFile=`). */
  readonly flags?: string;
  /** The operand that is the file, where there are at least `least` of them: the first is 0, the last -1. */
  readonly operand?: number;
  readonly least?: number;
  /** Other flags that take the next argument. */
  readonly valued?: string;
  /** One-dash flags are whole words (`-out`), not bundles. */
  readonly longDash?: boolean;
  /** Only with one of these flags; in a bundle too. */
  readonly with?: string;
  /** Not with any of these. */
  readonly unless?: string;
  /** Endings of what it makes again by the same call; such a file counts only in a precious place. */
  readonly builds?: string;
  /** Asks before it writes over a file: it does so only where something answers. */
  readonly asks?: boolean;
}

/** Source of each: the tool's own manual page. */
export const OUTPUTS: readonly Output[] = [
  { on: 'openssl', flags: '-out|-keyout|-writerand|-CAserial|-sigfile|-crl', longDash: true },
  { on: 'script', operand: 0, valued: '-c --command -E -o -m -T -t --timing', unless: '-a|--append' },
  { on: 'script', flags: '-O|-I|-B|-T|--log-out|--log-in|--log-io|--log-timing', unless: '-a|--append' },
  { on: 'strace|ltrace', flags: '-o|--output', valued: '-e -p -s -u -E -a -I -O -S -P -X', unless: '-A' },
  { on: 'time|gtime', flags: '-o|--output', valued: '-f --format', unless: '-a|--append' },
  { on: 'perf', flags: '-o|--output', valued: '-e -p -F -g -C' },
  { on: 'valgrind', flags: '--log-file|--xml-file' },
  {
    on: 'hyperfine',
    flags: '--export-json|--export-csv|--export-markdown|--export-asciidoc|--output',
    valued: '-w -r -m -n -S',
  },
  { on: 'logsave', operand: 0, unless: '-a' },
  {
    on: 'gcc|g++|cc|c++|clang|clang++|ld|as|rustc|ghc|ocamlc|ocamlopt|nasm|yasm|gfortran|ifort|tcc|zig|swiftc|valac|dmd',
    flags: '-o',
    valued: '-I -L -l -D -x -MF -MT -isystem -target',
    builds: 'o|obj|so|a|dylib|dll|exe|out|bin|elf|s|i|ii|wasm|d|js|html|ko|efi|hex|cmx|hi',
  },
  { on: 'go build|test', flags: '-o', longDash: true, builds: 'exe|test|so|wasm|bin|a' },
  { on: 'esbuild|tsc|rollup|bun', flags: '--outfile|--outFile|--file', builds: 'js|mjs|cjs|css|map|ts|json|exe' },
  {
    on: 'bison|yacc|flex|lex|protoc|re2c|ragel|m4|cpp',
    flags: '-o|--output',
    builds: 'c|cc|cpp|h|hpp|go|py|rs|java|ts|js|in|sh|m4|pb|desc|i',
  },
  { on: 'ctags|etags|cscope', flags: '-f|-o', unless: '-a', builds: 'tags|vim|out' },
  { on: 'pandoc', flags: '-o|--output', valued: '-f -t --from --to -M -V --template --metadata --variable' },
  {
    on: 'ffmpeg',
    operand: -1,
    with: '-y',
    valued:
      '-i -f -c -c:v -c:a -vf -af -ss -to -t -r -s -b:v -b:a -map -filter_complex -preset -crf -vcodec -acodec -codec -framerate -pix_fmt -frames:v -vframes',
    longDash: true,
  },
  {
    on: 'convert|magick',
    operand: -1,
    least: 2,
    valued:
      '-resize -quality -density -crop -geometry -background -fill -font -pointsize -gravity -annotate -draw -rotate -colorspace -depth -size -delay -loop -blur -extent -thumbnail -define -border -bordercolor',
    longDash: true,
  },
  { on: 'dot|neato|fdp|circo|twopi|sfdp', flags: '-o', valued: '-T -K -G -N -E' },
  { on: 'inkscape', flags: '-o|--export-filename|--export-png|--export-pdf' },
  { on: 'rsvg-convert|cairosvg|cwebp|dwebp|avifenc|wkhtmltoimage|svgo|mmdc|plantuml', flags: '-o|--output' },
  { on: 'gs|gswin64c', flags: '-o|-sOutputFile=', longDash: true },
  { on: 'qpdf|ps2pdf|pdftops|pdftocairo|pdf2ps|wkhtmltopdf|pdfunite|pdftk|weasyprint', operand: -1, least: 2 },
  { on: 'pdftotext|pdftohtml', operand: 1 },
  {
    on: 'xmllint|xsltproc|saxon|tidy',
    flags: '-o|--output|-output',
    valued: '--xpath --schema --encode --param --stringparam',
  },
  { on: 'sox', operand: -1, least: 2 },
  {
    on: 'gpg|gpg2',
    flags: '-o|--output',
    with: '--yes',
    valued: '-r --recipient -u --local-user --passphrase --passphrase-file --passphrase-fd --batch-size --cipher-algo',
  },
  { on: 'gpg|gpg2', flags: '-o|--output', asks: true, valued: '-r --recipient -u --local-user' },
  { on: 'age|rage', flags: '-o|--output', valued: '-r -R -i' },
  {
    on: 'ssh-keygen',
    flags: '-f',
    asks: true,
    with: '-t|-N|-b|-q',
    valued: '-t -N -C -b -P -m',
    unless: '-l|-y|-R|-F|-p|-c|-e|-i',
  },
  { on: 'htpasswd|htdigest', operand: 0, with: '-c' },
  { on: 'patch', flags: '-o|--output', valued: '-i -p -d -D -B -z -r -F -V' },
  { on: 'iconv', flags: '-o|--output', valued: '-f -t --from-code --to-code' },
  { on: 'xxd', operand: 1, valued: '-l -s -c -g -o -f -w -n' },
  { on: 'base64|base32|basenc', flags: '-o|--output', valued: '-i -b -w' },
  { on: 'jo|mlr|csvcut|qsv|xsv', flags: '-o|--output', valued: '-f -d -c' },
  { on: 'objcopy', operand: 1, valued: '-I -O -B -j -R -F', builds: 'bin|hex|elf|so|o|debug|img|exe|efi|stripped' },
  { on: 'objcopy|strip', flags: '-o|--output-file', builds: 'bin|hex|elf|so|o|debug|img|exe|efi|stripped' },
  { on: 'tcpdump|tshark|dumpcap', flags: '-w', valued: '-i -c -s -r -C -W -G -f -Y' },
  { on: 'lz4|zstd', flags: '-o|--output', with: '-f|--force', valued: '-T' },
  { on: 'brotli', flags: '-o|--output', with: '-f|--force', valued: '-q -w' },
  { on: 'lz4', operand: 1, with: '-f|--force' },
  {
    on: 'pg_dump|pg_dumpall',
    flags: '-f|--file',
    valued:
      '-h -p -U -d -n -N -t -T -F -Z -j --host --port --username --dbname --schema --table --format --exclude-table',
  },
  { on: 'pg_restore', flags: '-f|--file', valued: '-h -p -U -d -n -t -F -j --host --port --username --dbname' },
  {
    on: 'psql',
    flags: '-o|--output',
    valued: '-h -p -U -d -c -f -v -F -R -P --host --port --username --dbname --command --file --set',
  },
  { on: 'mysqldump|mariadb-dump', flags: '-r|--result-file', valued: '-h -P -u --host --port --user' },
  { on: 'mongodump|mongoexport', flags: '-o|--out|--archive' },
  { on: 'redis-cli', flags: '--rdb', valued: '-h -p -a -n' },
  { on: 'docker|podman|nerdctl save|export', flags: '-o|--output', valued: '--format' },
  { on: 'docker|podman image|container save|export', flags: '-o|--output' },
  { on: 'git bundle create', operand: 0 },
  { on: 'git diff|log|show|format-patch', flags: '--output' },
  { on: 'terraform|tofu plan', flags: '-out', longDash: true },
  { on: 'helm template|package', flags: '--output' },
  { on: 'qemu-img create', operand: 0, valued: '-f -o -b -F' },
  { on: 'qemu-img convert', operand: -1, least: 2, valued: '-f -O -o -S -m' },
  { on: 'mkisofs|genisoimage|xorriso', flags: '-o|-outdev', longDash: true },
  { on: 'asciinema rec', operand: 0, with: '--overwrite', valued: '-c -t -i' },
  {
    on: 'pip-compile|poetry|uv|pipenv',
    flags: '-o|--output-file|--output',
    valued: '-f --format',
    builds: 'txt|lock|in|toml',
  },
  { on: 'python -m json.tool', operand: 1, valued: '--indent' },
  { on: 'python -m zipfile', flags: '-c|--create' },
  { on: 'python -m tarfile', flags: '-c|--create' },
  { on: 'python -m zipapp', flags: '-o|--output', builds: 'pyz|pyzw' },
  { on: 'python -m cProfile|profile|trace', flags: '-o|--file' },
];

/** Tools that unpack an archive over what lies in a folder that they name. */
export interface Unpacks {
  readonly on: string;
  /** Flags that name the folder; else the operand of this place. */
  readonly into?: string;
  readonly operand?: number;
  /** Only with one of these. */
  readonly with?: string;
  readonly valued?: string;
  readonly unless?: string;
}

export const UNPACKS: readonly Unpacks[] = [
  { on: 'python -m zipfile|tarfile', with: '-e|--extract', operand: -1 },
  { on: 'unzip', into: '-d', with: '-o', valued: '-x -P' },
  { on: '7z|7za|7zr', into: '-o', with: '-y|-aoa' },
];

/** Flags by which a tool deletes what it is given: the files that it has packed, a folder that it makes anew. */
export interface AlsoDeletes {
  readonly on: string;
  readonly with: string;
  /** Operands that stand before what is deleted. */
  readonly skip: number;
}

export const ALSO_DELETES: readonly AlsoDeletes[] = [
  { on: 'python -m venv|virtualenv', with: '--clear', skip: 0 },
  { on: 'virtualenv', with: '--clear', skip: 0 },
  { on: 'uv venv', with: '--clear|-c', skip: 0 },
  { on: 'zip', with: '-m|-mm|--move', skip: 1 },
  { on: '7z|7za|7zr', with: '-sdel', skip: 2 },
  { on: 'rar', with: '-df|-dr|-dw', skip: 2 },
];

/** What a compressor that is forced puts beside the file, over what lies there. */
export const COMPRESSED_ENDINGS: ReadonlyMap<string, string> = new Map([
  ['gzip', '.gz'],
  ['pigz', '.gz'],
  ['bzip2', '.bz2'],
  ['xz', '.xz'],
  ['zstd', '.zst'],
  ['lz4', '.lz4'],
]);
