# METADATA
# title: Velocity
# description: How much happens at once, and whether a person can still follow.
package holdpoint.policies.velocity

import data.holdpoint.lib

hold contains object.union(finding, object.filter(said, {"signers"})) if {
	input.harmless == false
	some finding in found
	said := object.get(lib.rules, concat("/", ["velocity", finding.id]), {})
	object.get(said, "says", "hold") == "hold"
}

deny contains lib.denied(finding) if {
	input.harmless == false
	some finding in found
	lib.rules[concat("/", ["velocity", finding.id])].says == "deny"
}

# METADATA
# title: Does many destructive things at once
# custom: {id: effects, severity: high}
found contains finding if {
	count(lib.destructive) > data.holdpoint.preset.limits.effects
	some i, _ in lib.destructive
	finding := {"id": "effects", "reason": sprintf("%d destructive things in one go are more than a person can check", [count(lib.destructive)]), "effect": i}
}

# METADATA
# title: Destroys in several systems at once
# custom: {id: systems, severity: high}
found contains finding if {
	count(input.index.destructive) > data.holdpoint.preset.limits.systems
	systems := {input.effects[i].target.known.system | some i in (lib.destroys & lib.remote)}
	count(systems) > data.holdpoint.preset.limits.systems
	some i in (lib.destroys & lib.remote)
	finding := {"id": "systems", "reason": sprintf("destroys in several systems in one go: %s", [lib.few(systems)]), "effect": i}
}

# METADATA
# title: Deletes many files
# custom: {id: files, severity: high}
found contains finding if {
	input.index.known.recovery
	some [i, fact] in lib.answers.recovery
	is_number(fact.files)
	fact.files > data.holdpoint.preset.limits.files
	i in lib.changes
	finding := {"id": "files", "reason": sprintf("%d files are at stake", [fact.files]), "effect": i}
}

# METADATA
# title: Deletes more files than were counted
# custom: {id: uncounted, severity: high}
found contains finding if {
	input.index.known.recovery
	some [i, fact] in lib.answers.recovery
	fact.filesCapped == true
	i in lib.changes
	finding := {"id": "uncounted", "reason": "so many files are below that counting them was given up", "effect": i}
}

# METADATA
# title: Deletes a great amount of data
# custom: {id: bytes, severity: high}
found contains finding if {
	input.index.known.recovery
	some [i, fact] in lib.answers.recovery
	is_number(fact.bytes)
	fact.bytes > data.holdpoint.preset.limits.bytes
	i in lib.changes
	finding := {"id": "bytes", "reason": sprintf("%d megabytes are at stake", [floor(fact.bytes / 1000000)]), "effect": i}
}

# METADATA
# title: Deletes by a pattern
# custom: {id: pattern, severity: medium}
found contains finding if {
	some i in lib.destroys
	regex.match(`[*?]`, lib.path_of(i))
	finding := {"id": "pattern", "reason": "a pattern names what is deleted, and it may fit more when it runs than it does now", "effect": i}
}

# METADATA
# title: Rests on a fact that is too old
# custom: {id: stale, severity: high}
found contains finding if {
	some one in input.evidence
	one.fresh == false
	one.answer.known
	some i in one.effects
	input.effects[i].danger == "destructive"
	finding := {"id": "stale", "reason": sprintf("what is known of its %s is too old to count on", [one.check]), "effect": i}
}

# METADATA
# title: Is longer than a person reads
# custom: {id: long-text, severity: medium}
found contains finding if {
	count(input.attempt.action.text) > data.holdpoint.preset.limits.text_chars
	some i, _ in lib.destructive
	finding := {"id": "long-text", "reason": "the text is longer than anybody reads before signing; ask for its parts one by one", "effect": i}
}

# METADATA
# title: Starts itself again and again
# custom: {id: fork-bomb, severity: critical}
deny contains finding if {
	input.harmless == false
	some i, effect in lib.destructive
	effect.source == "shell/function"
	finding := {"id": "fork-bomb", "reason": "starts itself until nothing else on the machine can run", "effect": i}
}
