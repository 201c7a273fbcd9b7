package holdpoint.policies.unknown_test

import data.holdpoint.lib_test as t
import data.holdpoint.policies.unknown

test_target_fires if "target" in t.ids(unknown.hold) with input as t.attempt([t.nameless("destroy", "a name that only the shell knows")]) with data.holdpoint.preset as t.preset

test_target_silent if not "target" in t.ids(unknown.hold) with input as t.attempt([t.nameless("run", "a name that only the shell knows")]) with data.holdpoint.preset as t.preset

test_script_fires if "script" in t.ids(unknown.hold) with input as t.attempt([t.opaque("shell/script", {"unknown": "why"})]) with data.holdpoint.preset as t.preset

test_script_silent if not "script" in t.ids(unknown.hold) with input as t.attempt([t.opaque("shell/pipe", {"unknown": "why"})]) with data.holdpoint.preset as t.preset

test_made_text_fires if "made-text" in t.ids(unknown.hold) with input as t.attempt([t.opaque("shell/pipe", {"unknown": "why"})]) with data.holdpoint.preset as t.preset

test_made_text_silent if not "made-text" in t.ids(unknown.hold) with input as t.attempt([t.opaque("shell/script", {"unknown": "why"})]) with data.holdpoint.preset as t.preset

test_request_fires if "request" in t.ids(unknown.hold) with input as t.attempt([t.opaque("http/method", {"known": {"system": "http", "kind": "endpoint", "path": ["x", "POST", "/"]}})]) with data.holdpoint.preset as t.preset

test_request_silent if not "request" in t.ids(unknown.hold) with input as t.attempt([t.opaque("mcp/tool-name", {"known": {"system": "mcp", "kind": "tool", "path": ["x", "y"]}})]) with data.holdpoint.preset as t.preset

test_operation_fires if "operation" in t.ids(unknown.hold) with input as t.attempt([t.opaque("mcp/tool-name", {"known": {"system": "mcp", "kind": "tool", "path": ["x", "y"]}})]) with data.holdpoint.preset as t.preset

test_operation_silent if not "operation" in t.ids(unknown.hold) with input as t.attempt([t.opaque("http/method", {"known": {"system": "http", "kind": "endpoint", "path": ["x", "POST", "/"]}})]) with data.holdpoint.preset as t.preset

test_graphql_fires if "graphql" in t.ids(unknown.hold) with input as t.attempt([t.opaque("graphql", {"unknown": "why"})]) with data.holdpoint.preset as t.preset

test_graphql_silent if not "graphql" in t.ids(unknown.hold) with input as t.attempt([t.opaque("shell/pipe", {"unknown": "why"})]) with data.holdpoint.preset as t.preset

test_sql_fires if "sql" in t.ids(unknown.hold) with input as t.attempt([t.opaque("sql/postgres", {"known": {"system": "postgres", "kind": "database", "path": [""]}})]) with data.holdpoint.preset as t.preset

test_sql_silent if not "sql" in t.ids(unknown.hold) with input as t.attempt([t.opaque("mcp/tool-name", {"known": {"system": "mcp", "kind": "tool", "path": ["x", "y"]}})]) with data.holdpoint.preset as t.preset

test_remote_run_fires if "remote-run" in t.ids(unknown.hold) with input as t.attempt([t.opaque("railway:sandboxExec", {"known": {"system": "railway", "kind": "sandbox", "path": ["x"]}})]) with data.holdpoint.preset as t.preset

test_remote_run_silent if not "remote-run" in t.ids(unknown.hold) with input as t.attempt([t.opaque("mcp/tool-name", {"known": {"system": "mcp", "kind": "tool", "path": ["x", "y"]}})]) with data.holdpoint.preset as t.preset

test_by_name_fires if "by-name" in t.ids(unknown.hold) with input as t.attempt([object.union(t.change("http", "endpoint", ["x", "PUT", "/"]), {"basis": "parsed"})]) with data.holdpoint.preset as t.preset

test_by_name_silent if not "by-name" in t.ids(unknown.hold) with input as t.attempt([t.change("http", "endpoint", ["x", "PUT", "/"])]) with data.holdpoint.preset as t.preset

test_annotated_fires if "annotated" in t.ids(unknown.hold) with input as t.attempt([t.from(t.change("mcp", "tool", ["x", "y"]), "mcp/annotations")]) with data.holdpoint.preset as t.preset

test_annotated_silent if not "annotated" in t.ids(unknown.hold) with input as t.attempt([t.from(t.change("mcp", "tool", ["x", "y"]), "mcp/tool-name")]) with data.holdpoint.preset as t.preset

test_code_fires if "code" in t.ids(unknown.hold) with input as t.attempt([t.from(t.nameless("destroy", "a name that only the shell knows"), "code/python")]) with data.holdpoint.preset as t.preset

test_code_silent if not "code" in t.ids(unknown.hold) with input as t.attempt([t.from(t.nameless("destroy", "a name that only the shell knows"), "catalog/rm")]) with data.holdpoint.preset as t.preset

test_unsettled_fires if "unsettled" in t.ids(unknown.hold) with input as t.attempt([t.opaque("pipeline/verify", {"unknown": "why"})]) with data.holdpoint.preset as t.preset

test_unsettled_silent if not "unsettled" in t.ids(unknown.hold) with input as t.attempt([t.opaque("shell/pipe", {"unknown": "why"})]) with data.holdpoint.preset as t.preset

test_installs_fires if "installs" in t.ids(unknown.hold) with input as t.attempt([t.harmless(t.opaque("catalog/npm", {"unknown": "runs npm ci"}))]) with data.holdpoint.preset as t.everyday

test_installs_silent if not "installs" in t.ids(unknown.hold) with input as t.attempt([t.harmless(t.opaque("catalog/npm", {"unknown": "runs the task ci"}))]) with data.holdpoint.preset as t.everyday

test_a_preset_denies if {
	document := t.attempt([t.opaque("mcp/tool-name", {"known": {"system": "mcp", "kind": "tool", "path": ["x", "y"]}})])
	rules := {"unknown/operation": {"says": "deny"}}
	the_preset := object.union(t.preset, {"rules": rules})
	"operation" in t.ids(unknown.deny) with input as document with data.holdpoint.preset as the_preset
	not "operation" in t.ids(unknown.hold) with input as document with data.holdpoint.preset as the_preset
}

test_harmless_attempts_are_silent if {
	document := object.union(t.attempt([t.opaque("mcp/tool-name", {"known": {"system": "mcp", "kind": "tool", "path": ["x", "y"]}})]), {"harmless": true})
	count(unknown.hold) == 0 with input as document with data.holdpoint.preset as t.preset
	count(unknown.deny) == 0 with input as document with data.holdpoint.preset as t.preset
}
