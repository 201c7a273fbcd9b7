package holdpoint.policies.production_test

import data.holdpoint.lib_test as t
import data.holdpoint.policies.production

test_destroys_fires if "destroys" in t.ids(production.hold) with input as t.known(t.destroy("railway", "volume", ["v1"]), "environment", {"environments": [{"id": "production", "name": "production", "production": true}], "by": "provider"}) with data.holdpoint.preset as t.preset

test_destroys_silent if not "destroys" in t.ids(production.hold) with input as t.known(t.destroy("railway", "volume", ["v1"]), "environment", {"environments": [{"id": "staging", "name": "staging", "production": false}], "by": "provider"}) with data.holdpoint.preset as t.preset

test_changes_fires if "changes" in t.ids(production.hold) with input as t.known(t.change("railway", "service", ["s"]), "environment", {"environments": [{"id": "production", "name": "production", "production": true}], "by": "provider"}) with data.holdpoint.preset as t.preset

test_changes_silent if not "changes" in t.ids(production.hold) with input as t.known(t.destroy("railway", "service", ["s"]), "environment", {"environments": [{"id": "production", "name": "production", "production": true}], "by": "provider"}) with data.holdpoint.preset as t.preset

test_opens_fires if "opens" in t.ids(production.hold) with input as t.known(t.expose("railway", "service", ["s"]), "environment", {"environments": [{"id": "production", "name": "production", "production": true}], "by": "provider"}) with data.holdpoint.preset as t.preset

test_opens_silent if not "opens" in t.ids(production.hold) with input as t.known(t.expose("railway", "service", ["s"]), "environment", {"environments": [{"id": "staging", "name": "staging", "production": false}], "by": "provider"}) with data.holdpoint.preset as t.preset

test_shared_with_production_fires if "shared-with-production" in t.ids(production.hold) with input as t.known(t.destroy("railway", "volume", ["v1"]), "environment", {"environments": [{"id": "production", "name": "production", "production": true}, {"id": "staging", "name": "staging", "production": false}], "by": "provider"}) with data.holdpoint.preset as t.preset

test_shared_with_production_silent if not "shared-with-production" in t.ids(production.hold) with input as t.known(t.destroy("railway", "volume", ["v1"]), "environment", {"environments": [{"id": "production", "name": "production", "production": true}], "by": "provider"}) with data.holdpoint.preset as t.preset

test_claimed_fires if "claimed" in t.ids(production.hold) with input as t.known(t.destroy("railway", "volume", ["v1"]), "environment", {"environments": [{"id": "staging", "name": "staging", "production": false}], "by": "claimed"}) with data.holdpoint.preset as t.preset

test_claimed_silent if not "claimed" in t.ids(production.hold) with input as t.known(t.destroy("railway", "volume", ["v1"]), "environment", {"environments": [{"id": "staging", "name": "staging", "production": false}], "by": "provider"}) with data.holdpoint.preset as t.preset

test_unknown_fires if "unknown" in t.ids(production.hold) with input as t.unanswered(t.destroy("railway", "volume", ["v1"]), "environment") with data.holdpoint.preset as t.preset

test_unknown_silent if not "unknown" in t.ids(production.hold) with input as t.unanswered(t.destroy("file", "path", ["/w/a"]), "environment") with data.holdpoint.preset as t.preset

test_named_fires if "named" in t.ids(production.hold) with input as t.text(t.attempt([t.destroy("kubernetes", "resource", ["web"])]), "kubectl --context acme-prod delete deploy web") with data.holdpoint.preset as t.preset

test_named_silent if not "named" in t.ids(production.hold) with input as t.text(t.attempt([t.destroy("kubernetes", "resource", ["web"])]), "kubectl delete deploy web # not in prod") with data.holdpoint.preset as t.preset

test_whole_environment_fires if "whole-environment" in t.ids(production.hold) with input as t.attempt([t.change("railway", "environment", ["e"])]) with data.holdpoint.preset as t.preset

test_whole_environment_silent if not "whole-environment" in t.ids(production.hold) with input as t.attempt([t.change("railway", "service", ["e"])]) with data.holdpoint.preset as t.preset

test_migration_fires if "migration" in t.ids(production.hold) with input as t.attempt([t.change("sql", "database", ["drizzle-kit"])]) with data.holdpoint.preset as t.preset

test_migration_silent if not "migration" in t.ids(production.hold) with input as t.attempt([t.change("sql", "table", ["t"])]) with data.holdpoint.preset as t.preset

test_deployment_fires if "deployment" in t.ids(production.hold) with input as t.attempt([t.change("vercel", "deployment", ["app"])]) with data.holdpoint.preset as t.preset

test_deployment_silent if not "deployment" in t.ids(production.hold) with input as t.attempt([t.harmless(t.change("vercel", "deployment", ["app"])), t.change("host", "kernel", ["x"])]) with data.holdpoint.preset as t.preset

test_downtime_fires if "downtime" in t.ids(production.hold) with input as t.attempt([t.change("kubernetes", "workload", ["web"])]) with data.holdpoint.preset as t.preset

test_downtime_silent if not "downtime" in t.ids(production.hold) with input as t.attempt([t.change("host", "service", ["web"])]) with data.holdpoint.preset as t.preset

test_variables_fires if "variables" in t.ids(production.hold) with input as t.attempt([t.change("heroku", "variable", ["A=b"])]) with data.holdpoint.preset as t.preset

test_variables_silent if not "variables" in t.ids(production.hold) with input as t.attempt([t.grant("heroku", "variable", ["A=b"])]) with data.holdpoint.preset as t.preset

test_weekend_fires if "weekend" in t.ids(production.hold) with input as object.union(t.known(t.destroy("railway", "volume", ["v1"]), "environment", {"environments": [{"id": "production", "name": "production", "production": true}], "by": "provider"}), {"now": 1789812000000}) with data.holdpoint.preset as t.preset

test_weekend_silent if not "weekend" in t.ids(production.hold) with input as t.known(t.destroy("railway", "volume", ["v1"]), "environment", {"environments": [{"id": "production", "name": "production", "production": true}], "by": "provider"}) with data.holdpoint.preset as t.preset

test_a_preset_denies if {
	document := t.known(t.destroy("railway", "volume", ["v1"]), "environment", {"environments": [{"id": "staging", "name": "staging", "production": false}], "by": "claimed"})
	rules := {"production/claimed": {"says": "deny"}}
	the_preset := object.union(t.preset, {"rules": rules})
	"claimed" in t.ids(production.deny) with input as document with data.holdpoint.preset as the_preset
	not "claimed" in t.ids(production.hold) with input as document with data.holdpoint.preset as the_preset
}

test_harmless_attempts_are_silent if {
	document := object.union(t.known(t.destroy("railway", "volume", ["v1"]), "environment", {"environments": [{"id": "staging", "name": "staging", "production": false}], "by": "claimed"}), {"harmless": true})
	count(production.hold) == 0 with input as document with data.holdpoint.preset as t.preset
	count(production.deny) == 0 with input as document with data.holdpoint.preset as t.preset
}
