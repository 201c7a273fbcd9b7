/** Interpreters whose language no reader of ours parses: their text is searched for words alone. */
export interface UnreadLanguage {
  readonly programs: string;
  /** Flags that take program text. */
  readonly text: string;
  /** Subcommands that take program text as the next word. */
  readonly sub?: string;
  /** Flags with a value that is no text. */
  readonly valued?: string;
  /** What it is given by name is opened or compiled, not run. */
  readonly opensFiles?: true;
}

export const UNREAD_LANGUAGES: readonly UnreadLanguage[] = [
  { programs: 'lua|lua5.1|lua5.2|lua5.3|lua5.4|luajit', text: '-e', valued: '-l' },
  { programs: 'julia', text: '-e|-E|--eval|--print', valued: '-p -t -J -L -m --project --threads' },
  { programs: 'R|Rscript|littler|r', text: '-e', valued: '-f --file' },
  { programs: 'guile', text: '-c', valued: '-l -s -L -e' },
  { programs: 'racket', text: '-e|--eval', valued: '-l -t -r -u' },
  { programs: 'sbcl|ecl|ccl|clisp|abcl', text: '--eval|-eval|-x', valued: '--load -l --script' },
  { programs: 'ghc', text: '-e', valued: '-o -package', opensFiles: true },
  { programs: 'runghc|runhaskell', text: '' },
  { programs: 'erl', text: '-eval', valued: '-s -sname -name -pa -config -setcookie' },
  { programs: 'elixir|iex', text: '-e|--eval|--rpc-eval', valued: '-r -S --sname --name --cookie -pa' },
  { programs: 'scala|scala-cli|amm', text: '-e', valued: '-cp -classpath' },
  { programs: 'jrunscript', text: '-e', valued: '-f -l -cp' },
  { programs: 'groovy', text: '-e', valued: '-cp --classpath -c -D' },
  { programs: 'kotlin', text: '-e|-expression' },
  { programs: 'jshell', text: '', valued: '--class-path' },
  { programs: 'osascript', text: '-e', valued: '-l -s' },
  { programs: 'tclsh|tclsh8.6|wish', text: '' },
  { programs: 'expect', text: '-c', valued: '-f' },
  {
    programs: 'emacs|emacsclient|emacs-nox',
    text: '--eval|-eval|-e|--execute|-execute',
    valued: '-l --load -f -L',
    opensFiles: true,
  },
  { programs: 'clojure|clj|bb|lein-exec', text: '-e|--eval', valued: '-M -A -X -Sdeps -cp' },
  { programs: 'swift', text: '-e' },
  { programs: 'raku|perl6', text: '-e' },
  { programs: 'crystal', text: '', sub: 'eval' },
  { programs: 'ocaml|utop', text: '-e' },
  { programs: 'octave|octave-cli', text: '--eval', valued: '--path' },
  { programs: 'matlab', text: '-batch|-r' },
  { programs: 'sage', text: '-c' },
  { programs: 'gnuplot', text: '-e' },
  { programs: 'dc', text: '-e|--expression' },
  { programs: 'janet|fennel|hy|pike|rep|newlisp|gst|smalltalk|falcon|io', text: '-e|--eval|-c' },
];

/** Calls by which such programs start another one: what their strings say may be shell text. */
export const STARTS_PROGRAMS =
  /\bos\s*[.:]\s*(?:execute|cmd|process)|\bio\.popen|\bsystem\d*\*?\s*[("'{]|\bSystem\.(?:cmd|shell|Process)|\b(?:call|read|create|start)-?(?:process|Process|command|Command)\w*|\bpopen\b|\bexecv?p?e?\b|\bspawn\w*\b|\brun-?program\b|\bshell\s*[("'{]|\.shell\b|\bshell-command\b|\bProcessBuilder\b|\bgetRuntime\b|\.execute\(\)|\bsys\.process\b|\bPipe\b|\brun\s*\(\s*`|\bdo shell script\b|\bPort\.open\b|\bopen_port\b|^\s*!|\bqx\b/m;

/** Calls that take files or data away, by the words that languages have for it. */
export const TAKES_AWAY =
  /\bunlink\b|\brm(?:_rf?|dir|tree)?!?\s*\(|\bFile\.(?:rm|rm_rf|delete)|\b(?:os|fs|file|path|Path|Files|FileUtils)[.:](?:remove|delete|del_dir|rename|rm)\w*|\b(?:delete|remove)[-_]?(?:file|directory|dir|tree|folder)\w*|\b(?:delete|remove)(?:File|Directory|Dir|Tree|Folder|Recursively|IfExists)\w*|\bfile\.(?:remove|rename)\b|\bfile delete\b|\bdeleteDir\b|\bdelete(?:Recursively)?\(\)|\bdrop\s+(?:table|database|schema)\b|\btruncate\s+table\b|\bdelete\s+from\b|\bmove to trash\b|\bempty (?:the )?trash\b|\bdelete (?:every|all|folder|file|disk)\b/i;

/** Calls that make code out of text. */
export const MAKES_CODE = /\bload(?:string)?\s*\(|\beval\b|\bparse\s*\(\s*text|\bdlopen\b|\bccall\b/i;
