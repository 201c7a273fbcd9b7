# METADATA
# title: What the policies of this pack share
# description: >-
#   Effects, facts by effect, and what the preset says of a rule; what is found by a verb, a kind or a tag alone is in
#   `input.index`. Every set here is a whole value that is worked out once for an attempt, however many rules read it, and
#   that is empty rather than undefined where there is nothing. Facts are answers of providers: nothing takes their shape on
#   trust, since a built-in function that meets a wrong type fails, and a failure denies the attempt.
package holdpoint.lib

# What could hurt. Harmless effects in the same attempt are no matter of these policies.
destructive := {i: input.effects[i] | some i in input.index.destructive}

opaque := {i: input.effects[i] | some i in input.index.opaque}

# Effects by what is done to what: `destroyed volume`. A rule first asks `input.index.keys` for the same things, since that
# is what OPA looks up before it evaluates a rule at all.
at(things) := {i |
	some indexes in object.filter(input.index.at, things)
	some i in indexes
}

destroys := {i | some i in input.index.verbs.destroy}

exposes := {i | some i in input.index.verbs.expose}

changes := destroys | {i | some i in input.index.verbs.change}

credentials := {i |
	"tagged credential" in input.index.keys
	some i in input.index.at["tagged credential"]
}

backups := {i |
	"tagged backup" in input.index.keys
	some i in input.index.at["tagged backup"]
}

# Systems of this machine and of its working trees; everything else is a provider's or a server's.
local_systems := {"file", "git", "vcs", "host", "holdpoint", "windows"}

remote := {i | some i, effect in destructive; not effect.target.known.system in local_systems}

# A thing as people call it: the last part of its path.
name_of(i) := name if {
	path := input.effects[i].target.known.path
	name := path[count(path) - 1]
}

path_of(i) := path if {
	input.effects[i].target.known.system == "file"
	path := input.effects[i].target.known.path[0]
}

# By check, pairs of an effect and an answer that bears on it.
answers := {check: pairs |
	some check, list in input.index.known
	pairs := [[i, input.evidence[place].answer.known] | some [i, place] in list]
}

# Pairs of an effect and an environment that it reaches, by what was learnt.
environments := [[i, environment] |
	some [i, answer] in answers.environment
	some environment in answer.environments
	is_string(environment.name)
	is_boolean(environment.production)
]

placed := {i | some [i, _] in environments}

# What an organisation calls production counts as production, whatever the provider makes of it.
production := {i | some [i, environment] in environments; environment.production} | {i |
	some [i, environment] in environments
	environment.production == false
	some word in words(environment.name)
	word in data.holdpoint.preset.production_words
}

# Names of the environments of an effect, production and others apart.
environment_names := {i: few(names) |
	some i in placed
	names := {environment.name | [i, environment] = environments[_]}
}

other_environments := {i: names |
	some i in placed
	names := {environment.name | [i, environment] = environments[_]; environment.production == false}
}

words(text) := {word | some word in regex.split(`[^a-z0-9]+`, lower(text))}

# At most three names, since a reason is read by people.
few(names) := concat(", ", sort(names)) if {
	count(names) <= 3
} else := sprintf("%s and %d more", [concat(", ", array.slice(sort(names), 0, 3)), count(names) - 3])

# A denial has no obligations: there is nothing to sign.
denied(finding) := object.remove(finding, ["safeguard"])

# What the preset makes of a rule: it holds where nothing is said, else `deny` or `off`, and may ask for signers.
default rules := {}

rules := data.holdpoint.preset.rules
