# METADATA
# title: What the policies of this pack share
# description: >-
#   Effects by verb, facts by effect, and what the preset says of a rule. Every set here is a whole value that is worked out
#   once for an attempt, however many rules read it, and that is empty rather than undefined where there is nothing. Facts
#   are answers of providers: nothing takes their shape on trust, since a built-in function that meets a wrong type fails,
#   and a failure denies the attempt.
package holdpoint.lib

# What could hurt. Harmless effects in the same attempt are no matter of these policies.
destructive := {i: effect |
	some i, effect in input.effects
	effect.danger == "destructive"
}

opaque := {i: effect |
	some i, effect in input.effects
	effect.danger == "opaque"
}

# Indexes of destructive effects by the kind of thing that they are done to.
destroyed := by_kind({"destroy"})

changed := by_kind({"change"})

altered := by_kind({"destroy", "change"})

exposed := by_kind({"expose"})

granted := by_kind({"grant"})

touched := by_kind({"destroy", "change", "grant"})

# Verb and kind of each, once.
kinds := {[i, effect.verb, effect.target.known.kind] | some i, effect in destructive}

by_kind(verbs) := {kind: indexes |
	some kind in {kind | some [_, verb, kind] in kinds; verb in verbs}
	indexes := {i | [i, verb, kind] = kinds[_]; verb in verbs}
}

destroys := {i | some i, effect in destructive; effect.verb == "destroy"}

exposes := {i | some i, effect in destructive; effect.verb == "expose"}

changes := {i | some i, effect in destructive; effect.verb in {"destroy", "change"}}

tagged := {tag: indexes |
	some tag in {"backup", "bypass", "catastrophic", "credential", "guard-tampering"}
	indexes := {i | some i, effect in destructive; tag in effect.tags}
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

# Evidence with the effects that it bears on. Some questions are about what an effect goes through: the database behind a
# statement, the credential of a request.
bearing := [[one, indexes] |
	some one in input.evidence
	indexes := {i | some i in one.effects; destructive[i]} | through(one)
	count(indexes) > 0
]

through(one) := {i |
	one.about.path in {[""], ["current"]}
	one.about.kind in {"database", "credential"}
	some i, effect in destructive
	effect.target.known.system == one.about.system
}

# By check, pairs of an effect and an answer that bears on it.
answers := {check: pairs |
	some check in {one.check | some one in input.evidence}
	pairs := [[i, one.answer.known] | some [one, indexes] in bearing; one.check == check; some i in indexes]
}

# By check, pairs of an effect and the reason why there is no answer.
unanswered := {check: pairs |
	some check in {one.check | some one in input.evidence}
	pairs := [[i, one.answer.unknown] | some [one, indexes] in bearing; one.check == check; some i in indexes]
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
few(names) := concat(", ", sort(names)) if count(names) <= 3

few(names) := sprintf("%s and %d more", [concat(", ", array.slice(sort(names), 0, 3)), count(names) - 3]) if count(names) > 3

# What the preset makes of a rule: `hold` where it says nothing, else `deny` or `off`.
says(rule) := object.get(rules, [rule, "says"], "hold")

# A finding as the preset wants it held.
held(rule, finding) := object.union(finding, {"signers": rules[rule].signers})

held(rule, finding) := finding if not rules[rule].signers

# A denial has no obligations: there is nothing to sign.
denied(finding) := object.remove(finding, ["safeguard"])

default rules := {}

rules := data.holdpoint.preset.rules
