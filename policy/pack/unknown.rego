# METADATA
# title: Unknown
# description: What cannot be told from here. Each reason says what would make it tellable.
package holdpoint.policies.unknown

import data.holdpoint.lib

hold contains object.union(finding, object.filter(said, {"signers"})) if {
	input.harmless == false
	some finding in found
	said := object.get(lib.rules, concat("/", ["unknown", finding.id]), {})
	object.get(said, "says", "hold") == "hold"
}

deny contains lib.denied(finding) if {
	input.harmless == false
	some finding in found
	lib.rules[concat("/", ["unknown", finding.id])].says == "deny"
}

# METADATA
# title: Destroys something that it does not name
# custom: {id: target, severity: high}
found contains finding if {
	some i in lib.changes
	input.effects[i].target.unknown
	finding := {"id": "target", "reason": "what it would hit depends on a value that only the running program knows; write the name out", "effect": i}
}

# What a sandbox holds is judged where it comes out of it.
opaque[i] := effect if {
	input.attempt.door != "sandbox"
	some i, effect in lib.opaque
}

# METADATA
# title: Runs a script or a task that could not be read
# custom: {id: script, severity: medium}
found contains finding if {
	some i, effect in opaque
	effect.source != "pipeline/verify"
	regex.match(`^(shell/script|catalog/(npm|make|just|task|rake|shell|mage|gradle|mvn|yarn|pnpm|bun))`, effect.source)
	finding := {"id": "script", "reason": "the text that it runs could not be read; keep it in the workspace, or run its commands one by one", "effect": i}
}

# METADATA
# title: Runs text that is made while it runs
# custom: {id: made-text, severity: high}
found contains finding if {
	some i, effect in opaque
	effect.target.unknown
	startswith(effect.source, "shell/")
	effect.source != "shell/script"
	finding := {"id": "made-text", "reason": "the command is put together while it runs; write it out, or save it to a file first and then run that", "effect": i}
}

# METADATA
# title: Sends a request to an API that nothing describes
# custom: {id: request, severity: medium}
found contains finding if {
	some i, effect in opaque
	effect.target.known.kind == "endpoint"
	finding := {"id": "request", "reason": "nothing here describes what this address does with a request that is not a read", "effect": i}
}

# METADATA
# title: Calls an operation whose name says nothing
# custom: {id: operation, severity: medium}
found contains finding if {
	some i, effect in opaque
	effect.target.known.kind in {"tool", "mutation"}
	finding := {"id": "operation", "reason": "neither its name nor its description says whether it changes anything", "effect": i}
}

# METADATA
# title: Sends a GraphQL request that cannot be judged
# custom: {id: graphql, severity: medium}
found contains finding if {
	some i, effect in opaque
	effect.target.unknown
	regex.match(`^(graphql|railway:)`, effect.source)
	finding := {"id": "graphql", "reason": "the document cannot be read as one operation that is known; send a single named operation with its variables", "effect": i}
}

# METADATA
# title: Runs SQL that cannot be judged
# custom: {id: sql, severity: high}
found contains finding if {
	some i, effect in opaque
	startswith(effect.source, "sql")
	finding := {"id": "sql", "reason": "procedures, dynamic SQL and commands of a client hide what they change; send the statements themselves", "effect": i}
}

# METADATA
# title: Runs something in a remote place
# custom: {id: remote-run, severity: high}
found contains finding if {
	some i, effect in opaque
	effect.target.known.kind in {"sandbox", "service"}
	finding := {"id": "remote-run", "reason": "what it does there does not come back through any guard of this machine", "effect": i}
}

# METADATA
# title: Is known by its name alone
# description: No catalogue describes this API or tool; the verb in its name is all there is.
# custom: {id: by-name, severity: medium}
found contains finding if {
	some i in lib.changes
	effect := input.effects[i]
	effect.basis == "parsed"
	effect.target.known.kind in {"tool", "mutation", "endpoint"}
	finding := {"id": "by-name", "reason": "only its name says what it does; how far it reaches is not known", "effect": i}
}

# METADATA
# title: Its own server calls the tool destructive
# custom: {id: annotated, severity: medium}
found contains finding if {
	some i, effect in lib.destructive
	effect.source == "mcp/annotations"
	finding := {"id": "annotated", "reason": "the server of the tool says itself that it may destroy something", "effect": i}
}

# METADATA
# title: Code calls something that destroys by its name
# custom: {id: code, severity: medium}
found contains finding if {
	some i in lib.destroys
	effect := input.effects[i]
	startswith(effect.source, "code/")
	effect.target.unknown
	finding := {"id": "code", "reason": "code calls something that destroys data by its name, on something that the text does not name", "effect": i}
}

# METADATA
# title: Facts did not settle in time
# custom: {id: unsettled, severity: high}
found contains finding if {
	some i, effect in opaque
	effect.source == "pipeline/verify"
	finding := {"id": "unsettled", "reason": "the facts kept changing or were too old by the time that all were known; try again", "effect": i}
}

# METADATA
# title: Installs packages
# description: >-
#   An installation runs code of others that nobody here has read. It is everyday work, so only a preset that looks at
#   everyday work asks for it.
# custom: {id: installs, severity: medium, everyday: true}
hold contains finding if {
	data.holdpoint.preset.everyday
	some i, effect in input.effects
	installs(effect)
	finding := {"id": "installs", "reason": "an installation runs code of others that nobody here has read", "effect": i}
}

installs(effect) if regex.match(`^runs (npm|pnpm|yarn|bun) (i|install|ci|add|update|up)$`, effect.target.unknown)

installs(effect) if {
	effect.target.known.kind == "program"
	effect.target.known.path[0] in {"pip", "pip3", "pipx", "uv", "poetry", "cargo", "gem", "go", "brew", "apt", "apt-get", "apk", "dnf", "yum", "conda"}
	regex.match(`\b(pip3?|pipx|uv|poetry|cargo|gem|go|brew|apt|apt-get|apk|dnf|yum|conda)\s+(-[^\s]+\s+)*(pip\s+)?(install|add|get)\b`, input.attempt.action.text)
}
