/** Help of `holdpoint policy` and of each `holdpoint policy NAME`. */
export const POLICY_HELP: Readonly<Record<string, string>> = {
  policy: `holdpoint policy COMMAND

Policies in Rego, for those who write them. The options are those of \`opa\` where it has the same command.

    check        compile as a layer would be          test         run tests, with coverage
    eval         evaluate a query, on a real input    fmt          format
    build        make a bundle, signed if you like    try          replay past decisions with a draft
    decisions    what was decided
    pin, unpin   put this workspace's policy in force, or take it out, with your signature
    session      rules of one task                        show         the layers in force
    reload       have the daemon read all anew

  holdpoint policy COMMAND --help tells more; see docs/policy-cli.md.
`,
  'policy check': `holdpoint policy check [PATH]... [--any-rego] [--json]

Compiles as a layer would be: strict, against the schema of the input, without built-ins that reach outside, and with
findings of the right shape. Folders are read with all below them but .git and node_modules. Without a path: .holdpoint/policy
of this workspace. \`--any-rego\` takes rules of any shape. Exit 0 sound, 1 not.
`,
  'policy test': `holdpoint policy test [PATH]... [-r|--run REGEX] [-v|--verbose] [-c|--coverage] [--threshold PERCENT]
                      [-z|--exit-zero-on-skipped] [--json]

Runs the rules that are called test_...; todo_test_... are skipped. \`--coverage\` adds a report by file, \`--threshold\` fails
below that percentage. Exit 0 all pass, 2 one failed or was skipped, 1 nothing could be run.
`,
  'policy eval': `holdpoint policy eval QUERY [-d|--data PATH]... [-i|--input FILE|- | --action 'COMMAND'] [--format json|pretty]
                      [--explain notes|fails|full|debug] [--fail] [--any-rego]
holdpoint policy eval ... -- QUERY

Evaluates a query. \`--action\` judges the command as \`holdpoint check\` does, without running it, and gives what policies would
read of it as \`input\` (\`--kind\` and \`--dialect\` as there). An \`--input\` has to be a document holdpoint/v1 unless
\`--any-rego\` is given. Exit 0, 2 for an error; \`--fail\`: 1 where the result is undefined.
`,
  'policy fmt': `holdpoint policy fmt [PATH]... [-w|--write] [-l|--list] [-d|--diff] [--fail]

Formats, to standard output; from standard input where no path is given. \`--write\` changes the files, \`--list\` names those
that would change, \`--diff\` shows how. Exit 0, 2 for a file that cannot be formatted, or with \`--fail\` for one that is not.
`,
  'policy build': `holdpoint policy build PATH... [-o|--output FILE] [-r|--revision TEXT]
                       [--signing-key FILE [--signing-alg RS256] [--key-id default]] [--any-rego]

Makes a bundle (bundle.tar.gz) that OPA reads too. Tests are left out. \`--signing-key\`: a private key in PEM, or the shared
secret of an HS algorithm.
`,
  'policy try': `holdpoint policy try DRAFT... [--layer built-in|organisation|repository|session] [--since 7d] [--limit N] [--json]

Decides again what was decided, with the draft in place of that layer (repository, unless you say), and shows which verdicts
would change: new holds first, what is loosened last, by rule, with N examples each. For the repository's layer only what
happened in this workspace counts. Exit 0 nothing changes, 1 something does, 2 trouble.
`,
  'policy pin': `holdpoint policy pin [DIR] [--because TEXT] [--key NAME|FILE]

Reads .holdpoint/policy of the workspace, shows what it holds and what changes, asks for your signature, and has the daemon
keep the signed statement and a copy of the rules. The copy is in force; what changes in the workspace afterwards is not, until it is
pinned again. A repository's policy only tightens.
`,
  'policy unpin': `holdpoint policy unpin [DIR] [--key NAME|FILE]

Takes the pinned policy of the workspace out, with your signature; in a system installation with sudo.
`,
  'policy session': `holdpoint policy session add FILE... [--task T] [--for 24h]
holdpoint policy session list [--json]
holdpoint policy session drop ID [--key NAME|FILE]

Rules of one task, for at most seven days. They only tighten, so \`add\` takes no signature; \`drop\` takes yours.
`,
  'policy show': `holdpoint policy show [--json]

The layers in force, with digests, scopes and the number of rules; what could not be reloaded, what is denied because its
pin does not hold, and where the working tree differs from what is pinned.
`,
  'policy reload': `holdpoint policy reload

Has the daemon read settings, organisation, pins and rules of tasks anew; SIGHUP does the same. Where something does not
compile, the last good policy stays in force, and \`holdpoint status\` says so.
`,
  'policy decisions': `holdpoint policy decisions [--since 24h] [--says allow|hold|deny] [--limit N] [--json]

What was decided, oldest first. \`--json\` prints the entries in OPA's format; see docs/decision-log.md.
`,
};
