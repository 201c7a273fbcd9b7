import { POLICY_HELP } from './policy/help.ts';

export const HELP = `holdpoint: a hold point between AI agents and everything that has consequences

  for you
    init         hook Claude Code or Cursor (shadow mode first)     enforce      end shadow mode
    uninstall    take the hooks out again                           up, down     start or stop the daemon
    status       what runs, in which mode, and how far to trust it  people       who may sign
    holds        what waits for a person                            show ID      one hold, with everything checked
    approve ID   sign for it                                        deny ID      refuse it, in any other clothes too
    preapprove   sign ahead for one CI job                          log          the record; log checkpoint
    verify-log   re-derive the record and find tampering            undo         put back what was copied before it ran
    reopen ID    forget what was denied for its task                except       loosen one rule for one thing, for a time
    policy       write, test, try and pin rules in Rego             replay       replay an incident, unguarded and guarded
    apis         the documents of APIs that requests are judged by  map          what is production, and what is not
  for agents and scripts
    check        judge a command without running it                 explain      what runs what, and which rule decides
    audit        judge what agents did here before                  ask          open a hold without trying
    exec         judge a command, then run exactly that             run          start an agent behind the gateway

  holdpoint help COMMAND tells more. Exit: 0 ok or allow, 10 hold, 20 deny, 64 usage, 65 bad data, 69 no daemon, 70 internal.
`;

const DETAILS: Readonly<Record<string, string>> = {
  init: `holdpoint init [--agent claude-code|cursor]... [--project | --managed [--managed-only]] [--preset NAME] [--dry-run] [--yes]
holdpoint init --system --agent-user NAME [--person NAME] [--agent NAME]... [--managed-only] [--preset NAME] [--dry-run] [--yes]

Shows the change to the agent's settings as a diff, then installs hooks for all tools. Starts in shadow mode: only
catastrophic classes are stopped, and the log says what would have been held. \`--system\` (root) puts program, socket,
keys and ledger under an account of their own; without it the installation is advisory. \`--preset\` sets which policy
counts: \`solo\` (as it is without), \`team\` or \`regulated\`; of a \`policy.json\` that is there nothing else is changed.
`,
  enforce: `holdpoint enforce

Ends shadow mode, and lists what it would have held.
`,
  uninstall: `holdpoint uninstall
holdpoint uninstall --system [--purge]

Gives the settings files their original bytes back, or takes out only our entries where they were edited since.
Works with the daemon alive or dead. \`--system\` (root) takes the system installation out; \`--purge\` its record, keys and
people too.
`,
  up: `holdpoint up [--foreground]

Starts the daemon. A second start says that it already runs.
`,
  down: 'holdpoint down\n\nStops the daemon. Until `holdpoint up`, hooked agents may only read.\n',
  status: 'holdpoint status [--json]\n\nWhat runs, in which mode, who may sign, and the address of the page.\n',
  holds: 'holdpoint holds [--all] [--json]\n\nWhat waits for a person; with --all also what is over.\n',
  show: 'holdpoint show ID [--json | --claim]\n\nOne hold: the effect, the target, what was checked, who asks. `--claim` prints the bytes that are signed.\n',
  approve: `holdpoint approve ID [--key NAME|FILE] [--signature FILE]...

Shows the card and asks for your signature: the passphrase of your sealed key, typed for this one signature, or finger
and PIN on a security key. \`--signature\` takes a signature made elsewhere with
\`ssh-keygen -Y sign -n holdpoint\` over the bytes of \`holdpoint show ID --claim\`.
`,
  deny: 'holdpoint deny ID [--say TEXT]\n\nRefuses it. The same effect on the same target stays refused for that task in any other spelling or tool;\nafter three refused ways the task may only read until `holdpoint reopen`.\n',
  reopen:
    'holdpoint reopen ID | --task NAME [--key NAME|FILE]\n\nForgets what was denied for the task of that hold and opens its door: each effect is asked about again. Takes your signature.\n',
  except: `holdpoint except HOLD --because TEXT [--rule RULE]... [--for 8h] [--key NAME|FILE]
holdpoint except --rule RULE --workspace DIR --verb VERB --target SYSTEM/KIND/PATH --because TEXT [--for 8h] [--key NAME|FILE]
holdpoint except list [--json]
holdpoint except end ID

Lets one rule pass for one effect on one target in one workspace, with your signature, until it expires (at most 30d). With a
hold it takes rule, effect, target and workspace from there, one signature for each rule. Tampering with the guard, an
unknown target and a policy that failed are never excepted. \`end\` takes no signature.
`,
  preapprove: `holdpoint preapprove --commit SHA --job NAME [--uses N] [--for 1h] --because TEXT -- COMMAND

Prints a signed document that lets one CI job run one known effect: \`holdpoint exec --preapproval FILE -- COMMAND\`.
`,
  people: `holdpoint people list [--json]
holdpoint people add NAME --generate | --key FILE.pub [--signed-by NAME|FILE] [--account NAME]
holdpoint people remove NAME [--account NAME]

Who may sign. The list belongs to root, so that an agent cannot enrol anybody: run \`add\` and \`remove\` with sudo.
`,
  log: `holdpoint log [--json] [--follow] [--kind refusal|intent|outcome] [--since 2h] [--limit N]
holdpoint log checkpoint
holdpoint log erase INDEX [--key NAME|FILE]

The record. \`checkpoint\` prints the signed head: keep it elsewhere. \`erase\` deletes a payload, with your signature; the log
still verifies.
`,
  apis: `holdpoint apis [--fetch] [--json]

The documents of APIs below the configuration (docs/providers.md): which are in effect, from where and of when, and what a
text that nobody confirmed says otherwise. \`--fetch\` looks at URLs and introspection again. Nothing takes effect by this
command: a person writes the digest that it shows into the file.
`,
  map: `holdpoint map [--json]
holdpoint map show TARGET [--json]
holdpoint map add|set TARGET --environment production|staging|development|throwaway [--note TEXT] [--key NAME|FILE]
holdpoint map remove TARGET [--key NAME|FILE]

What people declared about the world, against what an agent could have written. TARGET is an identity that no name moves:
railway/project|environment|service|volume/ID, github/repository/ID, postgres/server/HOST[:PORT],
postgres/database/HOST[:PORT]/NAME (also mysql, mongodb, redis) or kubernetes/cluster/https://HOST[:PORT]. Declaring and
taking out take your signature; \`set\` replaces what is there. See docs/map.md.
`,
  undo: `holdpoint undo [ID [--to DIR] [--overwrite]]

Lists the copies that were taken before approved effects ran, or puts one back. Nothing that is there now is replaced
unless you say so. Of a dump of a database it checks the file and prints the command that brings it back.
`,
  'verify-log': `holdpoint verify-log [DIR] [--checkpoint FILE]... [--claim FILE]... [--key VKEY] [--json]

Re-derives everything in the record and finds what was edited, dropped, reordered or cut off. \`--checkpoint\` and
\`--claim\` take what was kept elsewhere (\`holdpoint log checkpoint\`, \`holdpoint show ID --claim\`): they find a log that
was rolled back as a whole. Exit 0 intact, 1 tampered, 2 unreadable.
`,
  check: `holdpoint check [--json] [--rehearse] [--kind shell|sql|http|graphql|mcp|file|git] [--dialect D] [--cwd DIR] 'COMMAND'
holdpoint check --batch

Judges without running. Exit 0 allow, 10 hold, 20 deny. \`--batch\` reads JSON lines; see docs/check.md.
\`--rehearse\` also runs it in a throw-away view of the file system (Linux, bubblewrap) and lists what it took there.
`,
  explain: `holdpoint explain [--json] [--kind KIND] [--dialect D] [--cwd DIR] 'COMMAND'

What runs what, which effect comes from which characters, what was unknown and why, what was asked, and which rule
decides. Judges like \`check\` and exits like it. See docs/explain.md.
`,
  audit: `holdpoint audit [--agent claude-code|codex|gemini|opencode]... [--since 30d] [--path DIR] [--limit N] [--json]

Reads the transcripts that agents keep on this machine and lists what would have been held, denied and passed, and why:
needless holds first. Installs, changes and sends nothing. \`--path\`: only what ran in DIR or below. See docs/audit.md.
`,
  ask: 'holdpoint ask --because TEXT -- COMMAND\n\nOpens a hold without trying, and prints the checked facts.\n',
  exec: `holdpoint exec [--preapproval FILE] -- COMMAND
holdpoint exec [--socket PATH] ID --ticket TICKET

Judges a command and runs exactly its bytes. What is held waits for a person where one is at hand; else JSON, exit 20.
The second form is what the hook puts in the place of an approved command.
`,
  run: `holdpoint run [--task NAME] -- PROGRAM [ARGUMENT]...

Starts a program whose requests go through the egress gateway: only its environment knows and trusts the gateway.
`,
  replay: `holdpoint replay pocketos [--agent claude|scripted]

Replays the nine seconds: unguarded, then guarded at the gateway, then guarded at the hook, each with the ways around that an
agent may try. Where \`bwrap\` can make a network namespace the agent is in one; else some ways are left out, and the output says
which. Exit 0 only if each run ended as it should.
`,
};

/** Help of one command, or of all without a name; `undefined` for a name that is none. */
export function helpFor(name: string | undefined, inner?: string): string | undefined {
  if (name === undefined) return HELP;
  if (name !== 'policy') return Object.hasOwn(DETAILS, name) ? DETAILS[name] : undefined;
  const full = `policy ${inner ?? ''}`;
  return POLICY_HELP[Object.hasOwn(POLICY_HELP, full) ? full : name];
}
