package holdpoint.policies.shared_targets_test

import data.holdpoint.lib_test as t
import data.holdpoint.policies.shared_targets

test_dependents_fires if "dependents" in t.ids(shared_targets.hold) with input as t.known(t.destroy("railway", "volume", ["v1"]), "dependents", {"dependents": [{"kind": "service", "id": "s1", "name": "s1", "environment": "production"}]}) with data.holdpoint.preset as t.preset

test_dependents_silent if not "dependents" in t.ids(shared_targets.hold) with input as t.known(t.destroy("railway", "volume", ["v1"]), "dependents", {"dependents": [{"kind": "volume", "id": "v1", "name": "v1", "environment": "production"}]}) with data.holdpoint.preset as t.preset

test_several_environments_fires if "several-environments" in t.ids(shared_targets.hold) with input as t.known(t.destroy("railway", "volume", ["v1"]), "dependents", {"dependents": [{"kind": "service", "id": "s1", "name": "s1", "environment": "production"}, {"kind": "service", "id": "s2", "name": "s2", "environment": "staging"}]}) with data.holdpoint.preset as t.preset

test_several_environments_silent if not "several-environments" in t.ids(shared_targets.hold) with input as t.known(t.destroy("railway", "volume", ["v1"]), "dependents", {"dependents": [{"kind": "service", "id": "s1", "name": "s1", "environment": "production"}]}) with data.holdpoint.preset as t.preset

test_dependents_unknown_fires if "dependents-unknown" in t.ids(shared_targets.hold) with input as t.unanswered(t.destroy("railway", "volume", ["v1"]), "dependents") with data.holdpoint.preset as t.preset

test_dependents_unknown_silent if not "dependents-unknown" in t.ids(shared_targets.hold) with input as t.known(t.destroy("railway", "volume", ["v1"]), "dependents", {"dependents": []}) with data.holdpoint.preset as t.preset

test_names_fires if "names" in t.ids(shared_targets.hold) with input as t.attempt([t.destroy("railway", "dns-record", ["d"])]) with data.holdpoint.preset as t.preset

test_names_silent if not "names" in t.ids(shared_targets.hold) with input as t.attempt([t.destroy("railway", "service", ["d"])]) with data.holdpoint.preset as t.preset

test_messages_fires if "messages" in t.ids(shared_targets.hold) with input as t.attempt([t.destroy("kafka", "topic", ["t"])]) with data.holdpoint.preset as t.preset

test_messages_silent if not "messages" in t.ids(shared_targets.hold) with input as t.attempt([t.grant("kafka", "topic", ["t"])]) with data.holdpoint.preset as t.preset

test_publishes_fires if "publishes" in t.ids(shared_targets.hold) with input as t.attempt([t.expose("npm", "package", ["npm"])]) with data.holdpoint.preset as t.preset

test_publishes_silent if not "publishes" in t.ids(shared_targets.hold) with input as t.attempt([t.destroy("npm", "package", ["x"])]) with data.holdpoint.preset as t.preset

test_unpublishes_fires if "unpublishes" in t.ids(shared_targets.hold) with input as t.attempt([t.destroy("npm", "package", ["x"])]) with data.holdpoint.preset as t.preset

test_unpublishes_silent if not "unpublishes" in t.ids(shared_targets.hold) with input as t.attempt([t.destroy("host", "package", ["x"])]) with data.holdpoint.preset as t.preset

test_package_tags_fires if "package-tags" in t.ids(shared_targets.hold) with input as t.attempt([t.change("npm", "package", ["x"])]) with data.holdpoint.preset as t.preset

test_package_tags_silent if not "package-tags" in t.ids(shared_targets.hold) with input as t.attempt([t.change("host", "package", ["x"])]) with data.holdpoint.preset as t.preset

test_repository_fires if "repository" in t.ids(shared_targets.hold) with input as t.attempt([t.destroy("github", "repository", ["a/b"])]) with data.holdpoint.preset as t.preset

test_repository_silent if not "repository" in t.ids(shared_targets.hold) with input as t.attempt([t.destroy("git", "repository", ["/w"])]) with data.holdpoint.preset as t.preset

test_merges_fires if "merges" in t.ids(shared_targets.hold) with input as t.attempt([t.change("github", "pull request", ["12"])]) with data.holdpoint.preset as t.preset

test_merges_silent if not "merges" in t.ids(shared_targets.hold) with input as t.attempt([t.harmless(t.change("github", "pull request", ["12"])), t.change("host", "kernel", ["x"])]) with data.holdpoint.preset as t.preset

test_merges_by_tool_fires if "merges-by-tool" in t.ids(shared_targets.hold) with input as t.attempt([t.change("mcp", "tool", ["github", "merge_pull_request"])]) with data.holdpoint.preset as t.preset

test_merges_by_tool_silent if not "merges-by-tool" in t.ids(shared_targets.hold) with input as t.attempt([t.change("mcp", "tool", ["github", "emerge"])]) with data.holdpoint.preset as t.preset

test_workflow_fires if "workflow" in t.ids(shared_targets.hold) with input as t.attempt([t.change("github", "workflow", ["ci.yml"])]) with data.holdpoint.preset as t.preset

test_workflow_silent if not "workflow" in t.ids(shared_targets.hold) with input as t.attempt([t.change("github", "release", ["v1"])]) with data.holdpoint.preset as t.preset

test_sends_fires if "sends" in t.ids(shared_targets.hold) with input as t.attempt([t.expose("mail", "mail", ["mail"])]) with data.holdpoint.preset as t.preset

test_sends_silent if not "sends" in t.ids(shared_targets.hold) with input as t.attempt([t.expose("npm", "package", ["npm"])]) with data.holdpoint.preset as t.preset

test_sessions_fires if "sessions" in t.ids(shared_targets.hold) with input as t.attempt([t.change("postgres", "function", ["", "pg_terminate_backend"])]) with data.holdpoint.preset as t.preset

test_sessions_silent if not "sessions" in t.ids(shared_targets.hold) with input as t.attempt([t.change("postgres", "function", ["", "setval"])]) with data.holdpoint.preset as t.preset

test_server_fires if "server" in t.ids(shared_targets.hold) with input as t.attempt([t.change("mysql", "setting", ["", "GENERAL_LOG"])]) with data.holdpoint.preset as t.preset

test_server_silent if not "server" in t.ids(shared_targets.hold) with input as t.attempt([t.change("host", "server", ["x"])]) with data.holdpoint.preset as t.preset

test_renames_fires if "renames" in t.ids(shared_targets.hold) with input as t.attempt([object.union(t.change("postgres", "object", ["", "users"]), {"basis": "parsed"})]) with data.holdpoint.preset as t.preset

test_renames_silent if not "renames" in t.ids(shared_targets.hold) with input as t.attempt([t.change("postgres", "object", ["", "users"])]) with data.holdpoint.preset as t.preset

test_many_machines_fires if "many-machines" in t.ids(shared_targets.hold) with input as t.attempt([t.destroy("ansible", "hosts", ["all"])]) with data.holdpoint.preset as t.preset

test_many_machines_silent if not "many-machines" in t.ids(shared_targets.hold) with input as t.attempt([t.destroy("vm", "machine", ["one"])]) with data.holdpoint.preset as t.preset

test_other_machine_fires if "other-machine" in t.ids(shared_targets.hold) with input as t.attempt([t.destroy("file", "remote-path", ["host:b/"])]) with data.holdpoint.preset as t.preset

test_other_machine_silent if not "other-machine" in t.ids(shared_targets.hold) with input as t.attempt([t.destroy("file", "path", ["/w/b"])]) with data.holdpoint.preset as t.preset

test_spending_fires if "spending" in t.ids(shared_targets.hold) with input as t.attempt([t.from(t.change("railway", "customer", ["c"]), "railway:usageLimitSet")]) with data.holdpoint.preset as t.preset

test_spending_silent if not "spending" in t.ids(shared_targets.hold) with input as t.attempt([t.change("railway", "customer", ["c"])]) with data.holdpoint.preset as t.preset

test_a_preset_denies if {
	document := t.attempt([t.destroy("kafka", "topic", ["t"])])
	rules := {"shared_targets/messages": {"says": "deny"}}
	the_preset := object.union(t.preset, {"rules": rules})
	"messages" in t.ids(shared_targets.deny) with input as document with data.holdpoint.preset as the_preset
	not "messages" in t.ids(shared_targets.hold) with input as document with data.holdpoint.preset as the_preset
}

test_harmless_attempts_are_silent if {
	document := object.union(t.attempt([t.destroy("kafka", "topic", ["t"])]), {"harmless": true})
	count(shared_targets.hold) == 0 with input as document with data.holdpoint.preset as t.preset
	count(shared_targets.deny) == 0 with input as document with data.holdpoint.preset as t.preset
}
