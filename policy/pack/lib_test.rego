# METADATA
# description: Documents for the tests of this pack, as small as a rule needs them.
package holdpoint.lib_test

import data.holdpoint.lib

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

attempt(effects) := {
	"schema": "holdpoint/v1",
	"now": now,
	"harmless": count([1 | some effect in effects; effect.danger != "harmless"]) == 0,
	"attempt": {"door": "hook", "action": {"kind": "shell", "text": "the text"}},
	"effects": effects,
	"evidence": [],
}

text(document, said) := object.union(document, {"attempt": object.union(document.attempt, {"action": {"kind": "shell", "text": said}})})

evidence(document, list) := object.union(document, {"evidence": list})

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

test_a_rule_holds_where_the_preset_says_nothing if {
	lib.says("a/b") == "hold" with data.holdpoint.preset as preset
	lib.held("a/b", {"id": "b"}) == {"id": "b"} with data.holdpoint.preset as preset
}

test_a_preset_denies_switches_off_and_asks_for_signers if {
	rules := {"a/b": {"says": "deny"}, "a/c": {"says": "off"}, "a/d": {"signers": 2}}
	lib.says("a/b") == "deny" with data.holdpoint.preset.rules as rules
	lib.says("a/c") == "off" with data.holdpoint.preset.rules as rules
	lib.held("a/d", {"id": "d"}) == {"id": "d", "signers": 2} with data.holdpoint.preset.rules as rules
}

test_without_a_preset_everything_holds if lib.says("a/b") == "hold" with data.holdpoint.preset as {}

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
