# METADATA
# title: Credentials
# description: Secrets that are shown, sent, made or taken away, and credentials that reach too far.
package holdpoint.policies.credentials

import data.holdpoint.lib

hold contains object.union(finding, object.filter(said, {"signers"})) if {
	input.harmless == false
	some finding in found
	said := object.get(lib.rules, concat("/", ["credentials", finding.id]), {})
	object.get(said, "says", "hold") == "hold"
}

deny contains lib.denied(finding) if {
	input.harmless == false
	some finding in found
	lib.rules[concat("/", ["credentials", finding.id])].says == "deny"
}

# METADATA
# title: Sends secrets to another machine
# description: Nothing that is asked of an agent needs this, and a secret that has left cannot be called back.
# custom: {id: sends-secrets, severity: critical}
deny contains finding if {
	input.harmless == false
	"exposed network" in input.index.keys
	some i in input.index.at["exposed network"]
	i in lib.credentials
	finding := {"id": "sends-secrets", "reason": "secrets would leave this machine; whoever gets them has them for good", "effect": i}
}

# METADATA
# title: Sends a file of secrets with a request
# custom: {id: sends-file, severity: critical}
deny contains finding if {
	input.harmless == false
	"exposed path" in input.index.keys
	some i in input.index.at["exposed path"]
	i in lib.credentials
	input.effects[i].source in {"catalog/curl", "catalog/wget", "catalog/scp", "catalog/rsync", "catalog/http"}
	sends_something
	finding := {"id": "sends-file", "reason": "a file of secrets would leave this machine; whoever gets it has it for good", "effect": i}
}

sends_something if {
	some effect in input.effects
	effect.target.known.kind == "endpoint"
	effect.verb in {"run", "expose", "change", "destroy", "grant"}
}

# METADATA
# title: Uses a secret that it has just looked for
# description: >-
#   An attempt that reads a secret and also destroys something outside of this machine. This is how a token that lay in an
#   unrelated file deleted a company's data.
# custom: {id: found-and-used, severity: critical}
deny contains finding if {
	input.harmless == false
	"tagged credential" in input.index.keys
	count(lib.exposes & lib.credentials) > 0
	some i in (lib.destroys & lib.remote)
	finding := {"id": "found-and-used", "reason": "reads a secret and destroys something elsewhere in one go; a credential is given to a task, not found by it", "effect": i}
}

# METADATA
# title: Shows a private key
# custom: {id: private-key, severity: critical}
found contains finding if {
	some i in lib.exposes
	is_key(lib.path_of(i))
	finding := {"id": "private-key", "reason": "a private key stands for a person or a machine; whoever has read it can act as them", "effect": i}
}

is_key(path) if regex.match(`(^|/)(id_(rsa|dsa|ecdsa|ed25519)(_sk)?|[^/]*\.(pem|key|p12|pfx|jks|kdbx|ppk)|master\.key)$`, path)

# METADATA
# title: Shows a file of secrets
# custom: {id: shows-file, severity: high}
found contains finding if {
	"exposed path" in input.index.keys
	some i in input.index.at["exposed path"]
	i in lib.credentials
	not is_key(lib.path_of(i))
	finding := {"id": "shows-file", "reason": "its secrets would be in the transcript, and wherever the transcript goes", "effect": i}
}

# METADATA
# title: Shows secrets of the environment
# custom: {id: shows-variables, severity: high}
found contains finding if {
	"exposed environment" in input.index.keys
	some i in input.index.at["exposed environment"]
	finding := {"id": "shows-variables", "reason": "secrets of the environment would be in the transcript, and wherever the transcript goes", "effect": i}
}

# METADATA
# title: Takes a secret out of a vault
# custom: {id: from-vault, severity: high}
found contains finding if {
	things := {"exposed secret", "exposed token", "exposed key"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	finding := {"id": "from-vault", "reason": "a secret leaves the place that guards it, and would be in the transcript", "effect": i}
}

# METADATA
# title: Has a server read its own files
# custom: {id: server-files, severity: critical}
found contains finding if {
	things := {"exposed function", "exposed server-file"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	finding := {"id": "server-files", "reason": "the database server would show files or send data of its own machine", "effect": i}
}

# METADATA
# title: Has a secret in its own text
# custom: {id: in-text, severity: high}
found contains finding if {
	regex.match(
		`\b(gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|xox[abprs]-[A-Za-z0-9-]{10,}|sk_live_[A-Za-z0-9]{10,}|AKIA[0-9A-Z]{16}|glpat-[A-Za-z0-9_-]{15,}|npm_[A-Za-z0-9]{30,})`,
		input.attempt.action.text,
	)
	some i, _ in lib.destructive
	finding := {"id": "in-text", "reason": "carries a token in its own text, so it was found somewhere and not given to the task", "effect": i}
}

# METADATA
# title: Uses a credential that reaches further than its target
# custom: {id: too-wide, severity: high, source: https://docs.railway.com/guides/public-api}
found contains finding if {
	input.index.known.credential
	some [i, fact] in lib.answers.credential
	input.effects[i].verb == "destroy"
	fact.broad == true
	finding := {"id": "too-wide", "reason": sprintf("the credential reaches %s", [reach(fact)]), "effect": i}
}

reach(fact) := fact.scope if is_string(fact.scope)

reach(fact) := "more than this" if not is_string(fact.scope)

# METADATA
# title: What the credential reaches is not known
# custom: {id: reach-unknown, severity: medium}
found contains finding if {
	input.index.unknown.credential
	some [i, _] in input.index.unknown.credential
	input.effects[i].verb == "destroy"
	finding := {"id": "reach-unknown", "reason": "nobody could say what else this credential reaches", "effect": i}
}

# METADATA
# title: Makes a credential
# custom: {id: makes-credential, severity: high}
found contains finding if {
	things := {"granted token", "granted key", "granted password", "granted certificate"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	finding := {"id": "makes-credential", "reason": "the new credential lives on after the task and is known to the agent", "effect": i}
}

found contains finding if {
	"tagged credential" in input.index.keys
	some i in input.index.at["tagged credential"]
	input.effects[i].verb == "grant"
	not i in weakened
	finding := {"id": "makes-credential", "reason": "the new credential lives on after the task and is known to the agent", "effect": i}
}

# METADATA
# title: Weakens how people log in
# custom: {id: login, severity: critical}
found contains finding if {
	some i in weakened
	finding := {"id": "login", "reason": "a second factor, an address or a rule by which people prove who they are would change", "effect": i}
}

weakened contains i if {
	some i, effect in lib.destructive
	regex.match(`^railway:(twoFactor|recoveryCode|emailChange|workspaceTwoFactor|workspacePolicy|providerAuthRemove|passkeyDelete)`, effect.source)
}

# METADATA
# title: Takes a credential away
# custom: {id: takes-away, severity: high}
found contains finding if {
	"tagged credential" in input.index.keys
	some i in input.index.at["tagged credential"]
	input.effects[i].verb == "destroy"
	not i in weakened
	finding := {"id": "takes-away", "reason": "whoever works with this credential is locked out at once", "effect": i}
}

found contains finding if {
	things := {"destroyed secret", "destroyed key", "destroyed token", "destroyed certificate"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	not input.effects[i].target.known.system in {"redis", "etcd", "consul"}
	finding := {"id": "takes-away", "reason": "whoever works with this credential is locked out at once", "effect": i}
}

# METADATA
# title: Replaces a secret
# custom: {id: replaces-secret, severity: high}
found contains finding if {
	"changed secret" in input.index.keys
	some i in input.index.at["changed secret"]
	finding := {"id": "replaces-secret", "reason": "the old value cannot be read back, and what uses it fails", "effect": i}
}

# METADATA
# title: Gives rights in a database
# custom: {id: database-rights, severity: high}
found contains finding if {
	things := {"granted role", "granted privileges", "granted object"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	finding := {"id": "database-rights", "reason": "a role of the database may do more from then on, for everybody who has it", "effect": i}
}

# METADATA
# title: Opens the rows of a table
# custom: {id: opens-rows, severity: critical}
found contains finding if {
	"granted table" in input.index.keys
	some i in input.index.at["granted table"]
	finding := {"id": "opens-rows", "reason": sprintf("rows of `%s` become visible to others", [lib.name_of(i)]), "effect": i}
}

# METADATA
# title: Lets people in, or hands something over
# custom: {id: lets-in, severity: high}
found contains finding if {
	things := {"granted project", "granted workspace", "granted account", "granted access", "granted invitation", "granted trusted-domain", "granted vault", "granted role", "granted endpoint", "granted tool", "granted mutation"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	i in lib.remote
	not i in lib.credentials
	not i in weakened
	not is_sql(i)
	finding := {"id": "lets-in", "reason": "someone gets access, or becomes the owner, who is not asked for here", "effect": i}
}

is_sql(i) if startswith(input.effects[i].source, "sql/")

# METADATA
# title: Changes who owns or may publish a package
# custom: {id: package-owners, severity: critical}
found contains finding if {
	"granted package" in input.index.keys
	some i in input.index.at["granted package"]
	finding := {"id": "package-owners", "reason": "who may publish this package may run code at all who install it", "effect": i}
}

# METADATA
# title: Opens a bucket or an object to others
# custom: {id: opens-storage, severity: critical}
found contains finding if {
	things := {"granted bucket", "granted object"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	is_storage(i)
	finding := {"id": "opens-storage", "reason": "what is stored there may be read by others from then on", "effect": i}
}

is_storage(i) if not is_sql(i)

# METADATA
# title: Makes a repository or a service public
# custom: {id: public, severity: critical}
found contains finding if {
	things := {"exposed repository", "exposed service", "exposed template"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	finding := {"id": "public", "reason": "the whole internet can reach it; what was seen cannot be called back", "effect": i}
}

# METADATA
# title: Changes who sees a repository, or its rules
# custom: {id: repository-settings, severity: high}
found contains finding if {
	"changed repository" in input.index.keys
	some i in input.index.at["changed repository"]
	i in lib.remote
	finding := {"id": "repository-settings", "reason": "may make a repository public, or change by which rules it is changed", "effect": i}
}

# METADATA
# title: Lets everybody on the machine read or write a file
# custom: {id: world-access, severity: high}
found contains finding if {
	"granted path" in input.index.keys
	some i in input.index.at["granted path"]
	finding := {"id": "world-access", "reason": "every account and program of the machine could use the file", "effect": i}
}

# METADATA
# title: Asks the metadata service of a cloud
# description: It hands the machine's own credentials to whoever asks. A plain read, so only a preset that looks at everyday work asks for it.
# custom: {id: metadata-service, severity: high, everyday: true}
hold contains finding if {
	data.holdpoint.preset.everyday
	some i, effect in input.effects
	effect.target.known.system == "http"
	effect.target.known.path[0] in {"169.254.169.254", "metadata.google.internal", "metadata.azure.internal", "100.100.100.200"}
	finding := {"id": "metadata-service", "reason": "the metadata service hands the machine's own credentials to whoever asks", "effect": i}
}
