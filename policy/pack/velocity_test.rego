package holdpoint.policies.velocity_test

import data.holdpoint.lib_test as t
import data.holdpoint.policies.velocity

test_effects_fires if "effects" in t.ids(velocity.hold) with input as t.attempt([t.destroy("file", "path", ["/w/0"]), t.destroy("file", "path", ["/w/1"]), t.destroy("file", "path", ["/w/2"]), t.destroy("file", "path", ["/w/3"])]) with data.holdpoint.preset as t.preset

test_effects_silent if not "effects" in t.ids(velocity.hold) with input as t.attempt([t.destroy("file", "path", ["/w/0"]), t.destroy("file", "path", ["/w/1"]), t.destroy("file", "path", ["/w/2"])]) with data.holdpoint.preset as t.preset

test_systems_fires if "systems" in t.ids(velocity.hold) with input as t.attempt([t.destroy("aws", "bucket", ["b"]), t.destroy("heroku", "app", ["x"])]) with data.holdpoint.preset as t.preset

test_systems_silent if not "systems" in t.ids(velocity.hold) with input as t.attempt([t.destroy("aws", "bucket", ["b"]), t.destroy("aws", "object", ["x"])]) with data.holdpoint.preset as t.preset

test_files_fires if "files" in t.ids(velocity.hold) with input as t.known(t.destroy("file", "path", ["/w/a"]), "recovery", {"files": 101}) with data.holdpoint.preset as t.preset

test_files_silent if not "files" in t.ids(velocity.hold) with input as t.known(t.destroy("file", "path", ["/w/a"]), "recovery", {"files": 100}) with data.holdpoint.preset as t.preset

test_uncounted_fires if "uncounted" in t.ids(velocity.hold) with input as t.known(t.destroy("file", "path", ["/w/a"]), "recovery", {"filesCapped": true}) with data.holdpoint.preset as t.preset

test_uncounted_silent if not "uncounted" in t.ids(velocity.hold) with input as t.known(t.destroy("file", "path", ["/w/a"]), "recovery", {"filesCapped": false}) with data.holdpoint.preset as t.preset

test_bytes_fires if "bytes" in t.ids(velocity.hold) with input as t.known(t.destroy("file", "path", ["/w/a"]), "recovery", {"bytes": 1000001}) with data.holdpoint.preset as t.preset

test_bytes_silent if not "bytes" in t.ids(velocity.hold) with input as t.known(t.destroy("file", "path", ["/w/a"]), "recovery", {"bytes": 1000000}) with data.holdpoint.preset as t.preset

test_pattern_fires if "pattern" in t.ids(velocity.hold) with input as t.attempt([t.destroy("file", "path", ["/w/*.db"])]) with data.holdpoint.preset as t.preset

test_pattern_silent if not "pattern" in t.ids(velocity.hold) with input as t.attempt([t.destroy("file", "path", ["/w/a.db"])]) with data.holdpoint.preset as t.preset

test_stale_fires if "stale" in t.ids(velocity.hold) with input as t.evidence(t.attempt([t.destroy("railway", "volume", ["v1"])]), [object.union(t.fact(t.destroy("railway", "volume", ["v1"]), "environment", {"known": {}}), {"fresh": false})]) with data.holdpoint.preset as t.preset

test_stale_silent if not "stale" in t.ids(velocity.hold) with input as t.known(t.destroy("railway", "volume", ["v1"]), "environment", {}) with data.holdpoint.preset as t.preset

test_long_text_fires if "long-text" in t.ids(velocity.hold) with input as t.text(t.attempt([t.destroy("railway", "volume", ["v1"])]), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx") with data.holdpoint.preset as t.preset

test_long_text_silent if not "long-text" in t.ids(velocity.hold) with input as t.text(t.attempt([t.destroy("railway", "volume", ["v1"])]), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx") with data.holdpoint.preset as t.preset

test_fork_bomb_fires if "fork-bomb" in t.ids(velocity.deny) with input as t.attempt([t.from(t.destroy("host", "process", ["all"]), "shell/function")]) with data.holdpoint.preset as t.preset

test_fork_bomb_silent if not "fork-bomb" in t.ids(velocity.deny) with input as t.attempt([t.destroy("host", "process", ["all"])]) with data.holdpoint.preset as t.preset

test_a_preset_denies if {
	document := t.known(t.destroy("file", "path", ["/w/a"]), "recovery", {"bytes": 1000001})
	rules := {"velocity/bytes": {"says": "deny"}}
	the_preset := object.union(t.preset, {"rules": rules})
	"bytes" in t.ids(velocity.deny) with input as document with data.holdpoint.preset as the_preset
	not "bytes" in t.ids(velocity.hold) with input as document with data.holdpoint.preset as the_preset
}

test_harmless_attempts_are_silent if {
	document := object.union(t.known(t.destroy("file", "path", ["/w/a"]), "recovery", {"bytes": 1000001}), {"harmless": true})
	count(velocity.hold) == 0 with input as document with data.holdpoint.preset as t.preset
	count(velocity.deny) == 0 with input as document with data.holdpoint.preset as t.preset
}
