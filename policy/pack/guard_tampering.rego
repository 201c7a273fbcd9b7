# METADATA
# title: Guard tampering
# description: What watches, records, checks or protects, Holdpoint first.
package holdpoint.policies.guard_tampering

import data.holdpoint.lib

hold contains object.union(finding, object.filter(said, {"signers"})) if {
	input.harmless == false
	some finding in found
	said := object.get(lib.rules, concat("/", ["guard_tampering", finding.id]), {})
	object.get(said, "says", "hold") == "hold"
}

deny contains lib.denied(finding) if {
	input.harmless == false
	some finding in found
	lib.rules[concat("/", ["guard_tampering", finding.id])].says == "deny"
}

# METADATA
# title: Weakens, stops or removes a guard
# custom: {id: guard, severity: critical}
deny contains finding if {
	input.harmless == false
	"tagged guard-tampering" in input.index.keys
	some i in input.index.at["tagged guard-tampering"]
	finding := {"id": "guard", "reason": "a guard that its own ward may change guards nothing; a person does this in a terminal of their own", "effect": i}
}

# METADATA
# title: Goes around the gateway
# custom: {id: gateway, severity: critical}
deny contains finding if {
	input.harmless == false
	"tagged bypass" in input.index.keys
	some i in input.index.at["tagged bypass"]
	input.effects[i].target.known.system == "holdpoint"
	finding := {"id": "gateway", "reason": "would reach the network past the gateway that judges requests; leave the proxy settings as they are", "effect": i}
}

# METADATA
# title: Gives another machine a shell
# custom: {id: remote-shell, severity: critical}
deny contains finding if {
	input.harmless == false
	"granted shell" in input.index.keys
	some i in input.index.at["granted shell"]
	finding := {"id": "remote-shell", "reason": "somebody elsewhere could run anything here, past every guard", "effect": i}
}

# METADATA
# title: Skips the hooks of git
# custom: {id: hooks, severity: medium}
found contains finding if {
	"tagged bypass" in input.index.keys
	some i in input.index.at["tagged bypass"]
	input.effects[i].target.known.system == "git"
	finding := {"id": "hooks", "reason": "hooks and certificate checks are there to be passed; what they complain of can be mended instead", "effect": i}
}

# METADATA
# title: Switches a check off by a variable
# custom: {id: checks, severity: medium}
found contains finding if {
	"tagged bypass" in input.index.keys
	some i in input.index.at["tagged bypass"]
	input.effects[i].target.known.system == "host"
	finding := {"id": "checks", "reason": "a variable switches a check off that the project has set up", "effect": i}
}

# METADATA
# title: Stops or deletes a record of what happened
# custom: {id: audit-log, severity: critical}
found contains finding if {
	things := {"altered log", "altered trail", "altered log group", "altered audit"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	finding := {"id": "audit-log", "reason": "nobody could see later what was done, by whom", "effect": i}
}

# METADATA
# title: Deletes a log of a cloud
# custom: {id: cloud-log, severity: critical}
found contains finding if {
	"destroyed resource" in input.index.keys
	some i in input.index.at["destroyed resource"]
	input.effects[i].target.known.system in {"aws", "gcloud", "azure"}
	regex.match(`(?i)(delete-(trail|log-group|log-stream|flow-logs|detector|event-data-store)|logging (logs|sinks) delete)`, input.attempt.action.text)
	finding := {"id": "cloud-log", "reason": "nobody could see later what was done in this cloud, by whom", "effect": i}
}

# METADATA
# title: Takes a protection of branches or resources away
# custom: {id: protection, severity: critical}
found contains finding if {
	things := {"touched ruleset", "touched protection", "touched policy", "touched trust"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	finding := {"id": "protection", "reason": "a rule that others rely on would no longer hold", "effect": i}
}

# METADATA
# title: Switches the protection against deletion off
# custom: {id: deletion-protection, severity: critical}
found contains finding if {
	contains(input.attempt.action.text, "--no-")
	some i in (lib.changes & lib.remote)
	regex.match(`--no-(disable-api-termination|(enable-)?deletion-protection|enable-termination-protection)`, input.attempt.action.text)
	finding := {"id": "deletion-protection", "reason": "the protection against deletion goes off, which is the first half of a deletion", "effect": i}
}

# METADATA
# title: Changes the firewall or the network of the machine
# custom: {id: firewall, severity: high}
found contains finding if {
	things := {"changed firewall", "changed network"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	input.effects[i].target.known.system == "host"
	finding := {"id": "firewall", "reason": "what may reach this machine, or leave it, would change; a mistake locks people out", "effect": i}
}

# METADATA
# title: Has something run later
# custom: {id: schedule, severity: high}
found contains finding if {
	things := {"touched schedule", "touched task"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	finding := {"id": "schedule", "reason": "what runs later runs when no guard of this session looks, or no longer runs when it should", "effect": i}
}

# METADATA
# title: Stops or changes a service of the machine
# custom: {id: services, severity: high}
found contains finding if {
	"altered service" in input.index.keys
	some i in input.index.at["altered service"]
	input.effects[i].target.known.system in {"host", "windows"}
	finding := {"id": "services", "reason": "a service of this machine stops or starts otherwise, for all who use it", "effect": i}
}

# METADATA
# title: Stops processes of others, or all of them
# custom: {id: processes, severity: high}
found contains finding if {
	"altered process" in input.index.keys
	some i in input.index.at["altered process"]
	finding := {"id": "processes", "reason": "ends programs that the task did not start, with whatever they had not saved", "effect": i}
}

# METADATA
# title: Changes accounts of the machine
# custom: {id: accounts, severity: critical}
found contains finding if {
	things := {"touched user", "touched access"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	input.effects[i].target.known.system == "host"
	finding := {"id": "accounts", "reason": "who can log in to this machine, or be root on it, would change", "effect": i}
}

# METADATA
# title: Changes how the machine starts or what its kernel does
# custom: {id: boot, severity: critical}
found contains finding if {
	things := {"altered boot", "altered kernel", "altered mount", "altered registry"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	input.effects[i].target.known.system == "host"
	finding := {"id": "boot", "reason": "the machine may not come up again, or without what guards it", "effect": i}
}

# METADATA
# title: Stops or restarts the machine
# custom: {id: machine, severity: high}
found contains finding if {
	"altered machine" in input.index.keys
	some i in input.index.at["altered machine"]
	input.effects[i].target.known.system == "host"
	finding := {"id": "machine", "reason": "everything that runs here stops, the guard too", "effect": i}
}

# METADATA
# title: Changes packages that the machine itself is made of
# custom: {id: system-packages, severity: high}
found contains finding if {
	"changed package" in input.index.keys
	some i in input.index.at["changed package"]
	input.effects[i].target.known.system == "host"
	finding := {"id": "system-packages", "reason": "takes away or replaces what other programs of this machine need", "effect": i}
}

# METADATA
# title: Changes owner or access of files
# custom: {id: file-access, severity: medium}
found contains finding if {
	"changed path" in input.index.keys
	some i in input.index.at["changed path"]
	input.effects[i].source in {"catalog/chmod", "catalog/chown", "catalog/chgrp", "catalog/setfacl"}
	finding := {"id": "file-access", "reason": "who owned what, and who could read it, is written down nowhere", "effect": i}
}

# METADATA
# title: Changes the workflows of continuous integration
# description: They run with secrets of their own. An edit is harmless until it is pushed, so only a preset that looks at everyday work asks for it.
# custom: {id: workflow-files, severity: medium, everyday: true}
hold contains finding if {
	data.holdpoint.preset.everyday
	some i in written
	regex.match(`(^|/)(\.github/(workflows|actions)/|\.gitlab-ci\.ya?ml$|\.circleci/|Jenkinsfile$|azure-pipelines\.ya?ml$|\.buildkite/)`, input.effects[i].target.known.path[0])
	finding := {"id": "workflow-files", "reason": "this file says what continuous integration runs, with secrets that the agent does not have", "effect": i}
}

# METADATA
# title: Changes the instructions of agents
# description: What an agent writes there, the next one believes. Only a preset that looks at everyday work asks for it.
# custom: {id: agent-instructions, severity: medium, everyday: true}
hold contains finding if {
	data.holdpoint.preset.everyday
	some i in written
	regex.match(`(^|/)(AGENTS|CLAUDE|GEMINI)\.md$|(^|/)\.(cursorrules|windsurfrules)$|(^|/)\.(cursor/rules|claude/(commands|agents|skills))/|(^|/)\.mcp\.json$`, input.effects[i].target.known.path[0])
	finding := {"id": "agent-instructions", "reason": "what is written there the next agent takes for an instruction of a person", "effect": i}
}

written contains i if {
	some i, effect in input.effects
	effect.verb in {"create", "change", "destroy"}
	effect.target.known.system == "file"
}
