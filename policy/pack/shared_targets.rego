# METADATA
# title: Shared targets
# description: Things that others count on, who are not asked when an agent changes them.
package holdpoint.policies.shared_targets

import data.holdpoint.lib

hold contains object.union(finding, object.filter(said, {"signers"})) if {
	input.harmless == false
	some finding in found
	said := object.get(lib.rules, concat("/", ["shared_targets", finding.id]), {})
	object.get(said, "says", "hold") == "hold"
}

deny contains lib.denied(finding) if {
	input.harmless == false
	some finding in found
	lib.rules[concat("/", ["shared_targets", finding.id])].says == "deny"
}

# METADATA
# title: Other things depend on it
# custom: {id: dependents, severity: high}
found contains finding if {
	some i, names in dependents
	i in lib.changes
	finding := {"id": "dependents", "reason": sprintf("breaks with it: %s", [lib.few(names)]), "effect": i}
}

dependents[i] contains sprintf("%s %s in %s", [one.kind, one.name, one.environment]) if {
	input.index.known.dependents
	some [i, answer] in lib.answers.dependents
	some one in answer.dependents
	is_string(one.kind)
	is_string(one.name)
	is_string(one.environment)
	is_string(one.id)

	# A volume is not a dependent of itself.
	one.id != input.effects[i].target.known.path[0]
}

# METADATA
# title: Things in several environments depend on it
# custom: {id: several-environments, severity: critical}
found contains finding if {
	input.index.known.dependents
	some [i, answer] in lib.answers.dependents
	i in lib.changes
	names := {one.environment | some one in answer.dependents; is_string(one.environment)}
	count(names) > 1
	finding := {"id": "several-environments", "reason": sprintf("is used in several environments: %s", [lib.few(names)]), "effect": i}
}

# METADATA
# title: What depends on it is not known
# custom: {id: dependents-unknown, severity: high}
found contains finding if {
	input.index.unknown.dependents
	some [i, _] in input.index.unknown.dependents
	i in lib.changes
	finding := {"id": "dependents-unknown", "reason": "nobody could say what breaks with it", "effect": i}
}

# METADATA
# title: Changes names that others resolve
# custom: {id: names, severity: high}
found contains finding if {
	things := {"altered zone", "altered record", "altered dns-record", "altered domain", "altered custom-domain", "altered service-domain", "altered trusted-domain", "altered distribution"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	finding := {"id": "names", "reason": "others find a service by this name, and caches keep a wrong answer for hours", "effect": i}
}

# METADATA
# title: Throws messages away that nobody has read
# custom: {id: messages, severity: high}
found contains finding if {
	things := {"altered queue", "altered topic", "altered consumer group"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	finding := {"id": "messages", "reason": "messages go that their readers have not seen yet", "effect": i}
}

# METADATA
# title: Publishes a package, an image or an app
# description: What is published can be copied by anybody at once.
# custom: {id: publishes, severity: high}
found contains finding if {
	things := {"exposed package", "exposed image", "exposed chart", "exposed release", "exposed app", "exposed site", "exposed gist"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	finding := {"id": "publishes", "reason": "once published anybody may have it; that cannot be called back", "effect": i}
}

# METADATA
# title: Takes a published package or release away
# custom: {id: unpublishes, severity: high}
found contains finding if {
	things := {"destroyed package", "destroyed release", "destroyed asset"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	input.effects[i].target.known.system != "host"
	finding := {"id": "unpublishes", "reason": "builds of others that use it break", "effect": i}
}

# METADATA
# title: Changes what users of a package get
# custom: {id: package-tags, severity: high}
found contains finding if {
	"changed package" in input.index.keys
	some i in input.index.at["changed package"]
	input.effects[i].target.known.system != "host"
	finding := {"id": "package-tags", "reason": "others get something else under the same name", "effect": i}
}

# METADATA
# title: Deletes, archives or moves a repository of a forge
# custom: {id: repository, severity: critical}
found contains finding if {
	"destroyed repository" in input.index.keys
	some i in input.index.at["destroyed repository"]
	input.effects[i].target.known.system in {"github", "gitlab"}
	finding := {"id": "repository", "reason": "a repository goes with its issues, reviews and settings, which no clone has", "effect": i}
}

# METADATA
# title: Merges into a branch that others build on
# custom: {id: merges, severity: medium}
found contains finding if {
	things := {"changed pull request", "changed merge request"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	finding := {"id": "merges", "reason": "puts changes on a branch that others build on", "effect": i}
}

# METADATA
# title: Merges by a tool of an MCP server
# custom: {id: merges-by-tool, severity: medium}
found contains finding if {
	"changed tool" in input.index.keys
	some i in input.index.at["changed tool"]
	regex.match(`(^|_)merge(_|$)`, lib.name_of(i))
	finding := {"id": "merges-by-tool", "reason": "by its name this tool puts changes on a branch that others build on", "effect": i}
}

# METADATA
# title: Starts or stops a workflow of a forge
# custom: {id: workflow, severity: medium}
found contains finding if {
	things := {"altered workflow", "altered pipeline"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	finding := {"id": "workflow", "reason": "a workflow of the forge runs with secrets that the agent does not have", "effect": i}
}

# METADATA
# title: Sends a message in somebody's name
# custom: {id: sends, severity: medium}
found contains finding if {
	some i in lib.exposes
	is_message(i)
	finding := {"id": "sends", "reason": "people get a message in your name; that cannot be called back", "effect": i}
}

is_message(i) if input.effects[i].target.known.kind == "mail"

is_message(i) if {
	input.effects[i].target.known.kind in {"endpoint", "tool", "mutation"}
	not "credential" in input.effects[i].tags
}

# METADATA
# title: Ends the sessions of others
# custom: {id: sessions, severity: high}
found contains finding if {
	"changed function" in input.index.keys
	some i in input.index.at["changed function"]
	lib.name_of(i) in {"pg_terminate_backend", "pg_cancel_backend"}
	finding := {"id": "sessions", "reason": "ends what other people or programs are doing in the database", "effect": i}
}

# METADATA
# title: Changes a whole database server
# custom: {id: server, severity: high}
found contains finding if {
	things := {"altered server", "altered setting", "altered server-file"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	i in lib.remote
	finding := {"id": "server", "reason": "is a matter of the whole server, not of one database", "effect": i}
}

# METADATA
# title: Renames or takes away what others use by its name
# custom: {id: renames, severity: medium}
found contains finding if {
	things := {"altered object", "altered function", "altered view", "altered privileges"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	i in lib.remote
	input.effects[i].basis == "parsed"
	not lib.name_of(i) in {"pg_terminate_backend", "pg_cancel_backend"}
	finding := {"id": "renames", "reason": "programs that use it as it is now fail from then on", "effect": i}
}

# METADATA
# title: Acts on many machines at once
# custom: {id: many-machines, severity: critical}
found contains finding if {
	"destroyed hosts" in input.index.keys
	some i in input.index.at["destroyed hosts"]
	finding := {"id": "many-machines", "reason": "the same command runs on every machine of the group", "effect": i}
}

# METADATA
# title: Deletes files on another machine
# custom: {id: other-machine, severity: high}
found contains finding if {
	"destroyed remote-path" in input.index.keys
	some i in input.index.at["destroyed remote-path"]
	finding := {"id": "other-machine", "reason": "lies on another machine, where nothing here can be checked or copied", "effect": i}
}

# METADATA
# title: Changes a spending limit
# custom: {id: spending, severity: medium}
found contains finding if {
	some i, effect in lib.destructive
	effect.source in {"railway:usageLimitSet", "railway:agentUsageLimitSet"}
	finding := {"id": "spending", "reason": "changes how much money may be spent", "effect": i}
}
