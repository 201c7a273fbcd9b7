# METADATA
# description: Documents for the tests of this pack, as small as a rule needs them.
package holdpoint.lib_test

import data.holdpoint.lib
import data.holdpoint.policies.irreversible

preset := {
	"everyday": false,
	"production_words": ["prod", "production", "live"],
	"shared_branches": "^(main|master)$",
	"limits": {
		"effects": 3,
		"systems": 1,
		"files": 100,
		"bytes": 1000000,
		"text_chars": 100,
		"backup_age_hours": 24,
	},
	"rules": {},
}

everyday := object.union(preset, {"everyday": true})

# A Monday.
now := 1790000000000

attempt(effects) := indexed({
	"schema": "holdpoint/v1",
	"now": now,
	"harmless": count([1 | some effect in effects; effect.danger != "harmless"]) == 0,
	"attempt": {"door": "hook", "action": {"kind": "shell", "text": "the text"}},
	"effects": effects,
	"evidence": [],
})

# With its index, as Holdpoint works it out.
indexed(document) := object.union(object.remove(document, ["index"]), {"index": {name: value | some name, value in whole; count(value) > 0}}) if {
	hurting := {i: effect | some i, effect in document.effects; effect.danger == "destructive"}
	things := {key: indexes |
		some key in {key | some effect in hurting; some key in keys_of(effect)}
		indexes := [i | some i, effect in hurting; key in keys_of(effect)]
	}
	known := bearing(document.evidence, hurting, "known")
	unknown := bearing(document.evidence, hurting, "unknown")
	whole := {
		"destructive": [i | some i, _ in hurting],
		"opaque": [i | some i, effect in document.effects; effect.danger == "opaque"],
		"verbs": {effect.verb: indexes |
			some effect in hurting
			indexes := [i | some i, other in hurting; other.verb == effect.verb]
		},
		"at": things,
		"known": known,
		"unknown": unknown,
		"keys": array.concat(
			[key | some key, _ in things],
			array.concat([concat(" ", ["known", check]) | some check, _ in known], [concat(" ", ["unknown", check]) | some check, _ in unknown]),
		),
	}
}

words := {
	"destroy": {"destroyed", "altered", "touched"},
	"change": {"changed", "altered", "touched"},
	"grant": {"granted", "touched"},
	"expose": {"exposed"},
}

keys_of(effect) := {concat(" ", [word, effect.target.known.kind]) | some word in words[effect.verb]} | {concat(" ", ["tagged", tag]) | some tag in effect.tags}

bearing(list, effects, answer) := {one.check: pairs |
	some one in list
	pairs := [[i, place] |
		some place, other in list
		other.check == one.check
		object.get(other.answer, answer, null) != null
		some i, effect in effects
		bears_on(other, i, effect)
	]
	count(pairs) > 0
}

bears_on(one, i, _) if i in one.effects

bears_on(one, _, effect) if {
	one.about.path in {[""], ["current"]}
	one.about.kind in {"database", "credential"}
	effect.target.known.system == one.about.system
}

bears_on(one, _, effect) if {
	one.about.kind == "connection"
	effect.target.known.system in behind(one.about.system)
}

behind("database") := {"sql", "postgres", "mysql", "sqlite", "mssql", "mongodb", "redis"}

behind(system) := {system} if system != "database"

text(document, said) := object.union(document, {"attempt": object.union(document.attempt, {"action": {"kind": "shell", "text": said}})})

evidence(document, list) := indexed(object.union(document, {"evidence": list}))

# One effect, and what is known of it.
known(effect, check, answer) := evidence(attempt([effect]), [fact(effect, check, {"known": answer})])

unanswered(effect, check) := evidence(attempt([effect]), [fact(effect, check, {"unknown": "nobody to ask"})])

fact(effect, check, answer) := {
	"check": check,
	"about": effect.target.known,
	"effects": [0],
	"answer": answer,
	"fresh": true,
}

effect(verb, system, kind, path) := {
	"verb": verb,
	"danger": "destructive",
	"target": {"known": {"system": system, "kind": kind, "path": path}},
	"count": {"min": 1, "max": 1},
	"reversal": "irreversible",
	"basis": "documented",
	"source": "test",
	"tags": [],
}

destroy(system, kind, path) := effect("destroy", system, kind, path)

change(system, kind, path) := effect("change", system, kind, path)

expose(system, kind, path) := effect("expose", system, kind, path)

grant(system, kind, path) := effect("grant", system, kind, path)

nameless(verb, why) := object.union(object.remove(effect(verb, "", "", []), ["target"]), {"target": {"unknown": why}})

opaque(from, target) := {
	"verb": "run",
	"danger": "opaque",
	"target": target,
	"basis": "opaque",
	"source": from,
	"tags": [],
}

tagged(one, tag) := object.union(one, {"tags": [tag]})

from(one, source) := object.union(one, {"source": source})

harmless(one) := object.union(one, {"danger": "harmless"})

ids(findings) := {finding.id | some finding in findings}

a_backup := attempt([destroy("host", "snapshot", ["s"])])

test_a_rule_holds_where_the_preset_says_nothing if {
	found := irreversible.hold with input as a_backup with data.holdpoint.preset as preset
	ids(found) == {"backup"}
	every finding in found { not finding.signers }
}

test_a_preset_denies if {
	rules := {"irreversible/backup": {"says": "deny"}}
	"backup" in ids(irreversible.deny) with input as a_backup with data.holdpoint.preset.rules as rules
	not "backup" in ids(irreversible.hold) with input as a_backup with data.holdpoint.preset.rules as rules
}

test_a_preset_switches_off if {
	rules := {"irreversible/backup": {"says": "off"}}
	not "backup" in ids(irreversible.deny | irreversible.hold) with input as a_backup with data.holdpoint.preset.rules as rules
}

test_a_preset_asks_for_signers if {
	rules := {"irreversible/backup": {"signers": 2}}
	some finding in irreversible.hold with input as a_backup with data.holdpoint.preset.rules as rules
	finding.id == "backup"
	finding.signers == 2
}

test_without_a_preset_everything_holds if "backup" in ids(irreversible.hold) with input as a_backup with data.holdpoint.preset as {}

test_few_names_and_many if {
	lib.few({"b", "a"}) == "a, b"
	lib.few({"a", "b", "c", "d", "e"}) == "a, b, c and 2 more"
}

test_a_database_bears_on_its_statements if {
	document := evidence(attempt([destroy("postgres", "table", ["", "t"])]), [{
		"check": "environment",
		"about": {"system": "postgres", "kind": "database", "path": [""]},
		"effects": [],
		"answer": {"known": {"environments": [{"id": "e", "name": "live", "production": false}], "by": "claimed"}},
		"fresh": true,
	}])
	0 in lib.production with input as document with data.holdpoint.preset as preset
}

test_a_connection_bears_on_what_goes_by_it if {
	document := evidence(attempt([destroy("sql", "database", ["rails"]), destroy("file", "path", ["/w/x"])]), [{
		"check": "environment",
		"about": {"system": "database", "kind": "connection", "path": ["rails", "/w"]},
		"effects": [],
		"answer": {"known": {"environments": [{"id": "e", "name": "live", "production": true}], "by": "declared"}},
		"fresh": true,
	}])
	lib.production == {0} with input as document with data.holdpoint.preset as preset
}
