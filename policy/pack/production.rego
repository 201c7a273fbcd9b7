# METADATA
# title: Production
# description: Environments that people depend on, and doubts about which environment it is.
package holdpoint.policies.production

import data.holdpoint.lib

hold contains object.union(finding, object.filter(said, {"signers"})) if {
	input.harmless == false
	some finding in found
	said := object.get(lib.rules, concat("/", ["production", finding.id]), {})
	object.get(said, "says", "hold") == "hold"
}

deny contains lib.denied(finding) if {
	input.harmless == false
	some finding in found
	lib.rules[concat("/", ["production", finding.id])].says == "deny"
}

# METADATA
# title: Destroys something in production
# custom: {id: destroys, severity: critical}
found contains finding if {
	some i in (lib.destroys & lib.production)
	finding := {"id": "destroys", "reason": sprintf("what goes is in production: %s", [lib.environment_names[i]]), "effect": i}
}

# METADATA
# title: Changes something in production
# custom: {id: changes, severity: high}
found contains finding if {
	some i in lib.production
	input.effects[i].verb == "change"
	finding := {"id": "changes", "reason": sprintf("what changes is in production: %s", [lib.environment_names[i]]), "effect": i}
}

# METADATA
# title: Opens something in production
# custom: {id: opens, severity: high}
found contains finding if {
	some i in lib.production
	input.effects[i].verb in {"grant", "expose"}
	finding := {"id": "opens", "reason": sprintf("gives access to production, or shows it: %s", [lib.environment_names[i]]), "effect": i}
}

# METADATA
# title: Reaches production beside another environment
# description: A thing taken for staging that serves production too is how the data of a company was lost in nine seconds.
# custom: {id: shared-with-production, severity: critical}
found contains finding if {
	some i in (lib.changes & lib.production)
	others := lib.other_environments[i]
	count(others) > 0
	finding := {
		"id": "shared-with-production",
		"reason": sprintf("is not only in %s: the same thing serves production", [lib.few(others)]),
		"effect": i,
	}
}

# METADATA
# title: Only a name says that it is not production
# description: Names can be given by anybody, an agent too. Who vouches is the provider's own flag, or a person.
# custom: {id: claimed, severity: high}
found contains finding if {
	input.index.known.environment
	some [i, fact] in lib.answers.environment
	i in lib.changes
	not i in lib.production
	fact.by == "claimed"
	finding := {
		"id": "claimed",
		"reason": sprintf("that it is %s and not production rests on a name alone", [lib.environment_names[i]]),
		"effect": i,
	}
}

# METADATA
# title: Its environment is not known
# custom: {id: unknown, severity: high}
found contains finding if {
	input.index.unknown.environment
	some [i, _] in input.index.unknown.environment
	i in (lib.changes & lib.remote)
	not i in lib.placed
	finding := {"id": "unknown", "reason": "nobody could say which environment this is, so it may be production", "effect": i}
}

# METADATA
# title: Its name says production
# description: The name of the thing, or an option of the command such as `--context prod`.
# custom: {id: named, severity: high}
found contains finding if {
	some i in (lib.changes & lib.remote)
	not i in lib.production
	some word in named_words(i)
	word in data.holdpoint.preset.production_words
	finding := {"id": "named", "reason": sprintf("its name says `%s`", [word]), "effect": i}
}

named_words(i) := {word | some part in input.effects[i].target.known.path; some word in lib.words(part)} | option_words

option_words := {word |
	some option in regex.find_n(
		`(^|\s)--?([a-z-]*(context|env|environment|app|project|profile|stage|workspace|cluster|organization|remote|namespace)|[aenp])[= ]\s*[A-Za-z0-9_.:/-]+`,
		input.attempt.action.text,
		-1,
	)
	some word in lib.words(option)
}

# METADATA
# title: Changes a whole environment at once
# custom: {id: whole-environment, severity: high}
found contains finding if {
	"changed environment" in input.index.keys
	some i in input.index.at["changed environment"]
	finding := {"id": "whole-environment", "reason": "the change is to a whole environment, with every service and volume in it", "effect": i}
}

# METADATA
# title: Runs migrations or pushes a schema
# custom: {id: migration, severity: high}
found contains finding if {
	things := {"changed database", "changed migration", "changed schema"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	finding := {"id": "migration", "reason": "changes the schema that running programs rely on; a migration back is another migration", "effect": i}
}

# METADATA
# title: Puts another version in front of users
# custom: {id: deployment, severity: medium}
found contains finding if {
	things := {"changed deployment", "changed site", "changed app"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	finding := {"id": "deployment", "reason": "users get another version at once", "effect": i}
}

# METADATA
# title: Takes a running service down
# custom: {id: downtime, severity: high}
found contains finding if {
	things := {"altered workload", "altered service", "altered node", "altered container", "altered instance", "altered job", "altered worker"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	i in lib.remote
	input.effects[i].target.known.system != "github"
	finding := {"id": "downtime", "reason": "what runs there stops or restarts for those who use it", "effect": i}
}

# METADATA
# title: Changes what services are configured with
# custom: {id: variables, severity: high}
found contains finding if {
	"altered variable" in input.index.keys
	some i in input.index.at["altered variable"]
	finding := {"id": "variables", "reason": "services start with other settings, and the old value is kept nowhere", "effect": i}
}

# METADATA
# title: Destroys something in production on a weekend
# description: Saturday and Sunday by UTC, when few are there to notice or to restore.
# custom: {id: weekend, severity: medium}
found contains finding if {
	some i in (lib.destroys & lib.production)
	time.weekday(input.now * 1000000) in {"Saturday", "Sunday"}
	finding := {"id": "weekend", "reason": "it is the weekend, when few are there to notice or to restore", "effect": i}
}
