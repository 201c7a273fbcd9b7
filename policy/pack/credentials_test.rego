package holdpoint.policies.credentials_test

import data.holdpoint.lib_test as t
import data.holdpoint.policies.credentials

test_sends_secrets_fires if "sends-secrets" in t.ids(credentials.deny) with input as t.attempt([t.tagged(t.expose("host", "network", ["curl"]), "credential")]) with data.holdpoint.preset as t.preset

test_sends_secrets_silent if not "sends-secrets" in t.ids(credentials.deny) with input as t.attempt([t.expose("host", "network", ["curl"])]) with data.holdpoint.preset as t.preset

test_sends_file_fires if "sends-file" in t.ids(credentials.deny) with input as t.attempt([t.from(t.tagged(t.expose("file", "path", ["/w/.env"]), "credential"), "catalog/curl"), t.opaque("http/method", {"known": {"system": "http", "kind": "endpoint", "path": ["x", "POST", "/"]}})]) with data.holdpoint.preset as t.preset

test_sends_file_silent if not "sends-file" in t.ids(credentials.deny) with input as t.attempt([t.from(t.tagged(t.expose("file", "path", ["/w/.env"]), "credential"), "catalog/cat"), t.opaque("http/method", {"known": {"system": "http", "kind": "endpoint", "path": ["x", "POST", "/"]}})]) with data.holdpoint.preset as t.preset

test_found_and_used_fires if "found-and-used" in t.ids(credentials.deny) with input as t.attempt([t.tagged(t.expose("file", "path", ["/w/.env"]), "credential"), t.destroy("railway", "volume", ["v1"])]) with data.holdpoint.preset as t.preset

test_found_and_used_silent if not "found-and-used" in t.ids(credentials.deny) with input as t.attempt([t.tagged(t.expose("file", "path", ["/w/.env"]), "credential"), t.destroy("file", "path", ["/w/a"])]) with data.holdpoint.preset as t.preset

test_private_key_fires if "private-key" in t.ids(credentials.hold) with input as t.attempt([t.tagged(t.expose("file", "path", ["~/.ssh/id_ed25519"]), "credential")]) with data.holdpoint.preset as t.preset

test_private_key_silent if not "private-key" in t.ids(credentials.hold) with input as t.attempt([t.tagged(t.expose("file", "path", ["~/.ssh/config"]), "credential")]) with data.holdpoint.preset as t.preset

test_shows_file_fires if "shows-file" in t.ids(credentials.hold) with input as t.attempt([t.tagged(t.expose("file", "path", ["/w/.env"]), "credential")]) with data.holdpoint.preset as t.preset

test_shows_file_silent if not "shows-file" in t.ids(credentials.hold) with input as t.attempt([t.tagged(t.expose("file", "path", ["/w/server.pem"]), "credential")]) with data.holdpoint.preset as t.preset

test_shows_variables_fires if "shows-variables" in t.ids(credentials.hold) with input as t.attempt([t.tagged(t.expose("host", "environment", ["variables"]), "credential")]) with data.holdpoint.preset as t.preset

test_shows_variables_silent if not "shows-variables" in t.ids(credentials.hold) with input as t.attempt([t.tagged(t.expose("host", "network", ["curl"]), "credential")]) with data.holdpoint.preset as t.preset

test_from_vault_fires if "from-vault" in t.ids(credentials.hold) with input as t.attempt([t.expose("vault", "secret", ["secret/x"])]) with data.holdpoint.preset as t.preset

test_from_vault_silent if not "from-vault" in t.ids(credentials.hold) with input as t.attempt([t.destroy("vault", "secret", ["secret/x"])]) with data.holdpoint.preset as t.preset

test_server_files_fires if "server-files" in t.ids(credentials.hold) with input as t.attempt([t.expose("postgres", "function", ["", "pg_read_file"])]) with data.holdpoint.preset as t.preset

test_server_files_silent if not "server-files" in t.ids(credentials.hold) with input as t.attempt([t.change("postgres", "function", ["", "setval"])]) with data.holdpoint.preset as t.preset

test_in_text_fires if "in-text" in t.ids(credentials.hold) with input as t.text(t.attempt([t.destroy("railway", "volume", ["v1"])]), "curl -H x:ghp_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA") with data.holdpoint.preset as t.preset

test_in_text_silent if not "in-text" in t.ids(credentials.hold) with input as t.text(t.attempt([t.destroy("railway", "volume", ["v1"])]), "curl -H x:$TOKEN") with data.holdpoint.preset as t.preset

test_too_wide_fires if "too-wide" in t.ids(credentials.hold) with input as t.known(t.destroy("railway", "volume", ["v1"]), "credential", {"kind": "account-token", "scope": "every project of the account", "broad": true}) with data.holdpoint.preset as t.preset

test_too_wide_silent if not "too-wide" in t.ids(credentials.hold) with input as t.known(t.destroy("railway", "volume", ["v1"]), "credential", {"kind": "project-token", "scope": "project p", "broad": false}) with data.holdpoint.preset as t.preset

test_reach_unknown_fires if "reach-unknown" in t.ids(credentials.hold) with input as t.unanswered(t.destroy("railway", "volume", ["v1"]), "credential") with data.holdpoint.preset as t.preset

test_reach_unknown_silent if not "reach-unknown" in t.ids(credentials.hold) with input as t.unanswered(t.change("railway", "volume", ["v1"]), "credential") with data.holdpoint.preset as t.preset

test_makes_credential_fires if "makes-credential" in t.ids(credentials.hold) with input as t.attempt([t.grant("npm", "token", ["create"])]) with data.holdpoint.preset as t.preset

test_makes_credential_silent if not "makes-credential" in t.ids(credentials.hold) with input as t.attempt([t.from(t.tagged(t.grant("railway", "account", ["current"]), "credential"), "railway:twoFactorInfoDelete")]) with data.holdpoint.preset as t.preset

test_login_fires if "login" in t.ids(credentials.hold) with input as t.attempt([t.from(t.tagged(t.grant("railway", "account", ["current"]), "credential"), "railway:twoFactorInfoDelete")]) with data.holdpoint.preset as t.preset

test_login_silent if not "login" in t.ids(credentials.hold) with input as t.attempt([t.from(t.tagged(t.grant("railway", "account", ["current"]), "credential"), "railway:apiTokenCreate")]) with data.holdpoint.preset as t.preset

test_takes_away_fires if "takes-away" in t.ids(credentials.hold) with input as t.attempt([t.destroy("github", "secret", ["X"])]) with data.holdpoint.preset as t.preset

test_takes_away_silent if not "takes-away" in t.ids(credentials.hold) with input as t.attempt([t.destroy("redis", "key", ["flushall"])]) with data.holdpoint.preset as t.preset

test_replaces_secret_fires if "replaces-secret" in t.ids(credentials.hold) with input as t.attempt([t.change("github", "secret", ["X"])]) with data.holdpoint.preset as t.preset

test_replaces_secret_silent if not "replaces-secret" in t.ids(credentials.hold) with input as t.attempt([t.change("github", "workflow", ["X"])]) with data.holdpoint.preset as t.preset

test_database_rights_fires if "database-rights" in t.ids(credentials.hold) with input as t.attempt([t.grant("postgres", "role", ["", "app"])]) with data.holdpoint.preset as t.preset

test_database_rights_silent if not "database-rights" in t.ids(credentials.hold) with input as t.attempt([t.destroy("postgres", "role", ["", "app"])]) with data.holdpoint.preset as t.preset

test_opens_rows_fires if "opens-rows" in t.ids(credentials.hold) with input as t.attempt([t.grant("postgres", "table", ["", "t"])]) with data.holdpoint.preset as t.preset

test_opens_rows_silent if not "opens-rows" in t.ids(credentials.hold) with input as t.attempt([t.destroy("postgres", "table", ["", "t"])]) with data.holdpoint.preset as t.preset

test_lets_in_fires if "lets-in" in t.ids(credentials.hold) with input as t.attempt([t.grant("railway", "project", ["p"])]) with data.holdpoint.preset as t.preset

test_lets_in_silent if not "lets-in" in t.ids(credentials.hold) with input as t.attempt([t.from(t.grant("postgres", "role", ["", "app"]), "sql/postgres")]) with data.holdpoint.preset as t.preset

test_package_owners_fires if "package-owners" in t.ids(credentials.hold) with input as t.attempt([t.grant("npm", "package", ["add"])]) with data.holdpoint.preset as t.preset

test_package_owners_silent if not "package-owners" in t.ids(credentials.hold) with input as t.attempt([t.expose("npm", "package", ["npm"])]) with data.holdpoint.preset as t.preset

test_opens_storage_fires if "opens-storage" in t.ids(credentials.hold) with input as t.attempt([t.grant("aws", "bucket", ["b"])]) with data.holdpoint.preset as t.preset

test_opens_storage_silent if not "opens-storage" in t.ids(credentials.hold) with input as t.attempt([t.from(t.grant("postgres", "object", ["", "x"]), "sql/postgres")]) with data.holdpoint.preset as t.preset

test_public_fires if "public" in t.ids(credentials.hold) with input as t.attempt([t.expose("github", "repository", ["x"])]) with data.holdpoint.preset as t.preset

test_public_silent if not "public" in t.ids(credentials.hold) with input as t.attempt([t.expose("github", "gist", ["x"])]) with data.holdpoint.preset as t.preset

test_repository_settings_fires if "repository-settings" in t.ids(credentials.hold) with input as t.attempt([t.change("github", "repository", ["x"])]) with data.holdpoint.preset as t.preset

test_repository_settings_silent if not "repository-settings" in t.ids(credentials.hold) with input as t.attempt([t.change("git", "repository", ["/w"])]) with data.holdpoint.preset as t.preset

test_world_access_fires if "world-access" in t.ids(credentials.hold) with input as t.attempt([t.grant("file", "path", ["/etc/shadow"])]) with data.holdpoint.preset as t.preset

test_world_access_silent if not "world-access" in t.ids(credentials.hold) with input as t.attempt([t.change("file", "path", ["/etc/shadow"])]) with data.holdpoint.preset as t.preset

test_metadata_service_fires if "metadata-service" in t.ids(credentials.hold) with input as t.attempt([t.harmless(t.effect("read", "http", "endpoint", ["169.254.169.254", "GET", "/"]))]) with data.holdpoint.preset as t.everyday

test_metadata_service_silent if not "metadata-service" in t.ids(credentials.hold) with input as t.attempt([t.harmless(t.effect("read", "http", "endpoint", ["169.254.169.254.example", "GET", "/"]))]) with data.holdpoint.preset as t.everyday

test_a_preset_denies if {
	document := t.attempt([t.tagged(t.expose("file", "path", ["/w/.env"]), "credential")])
	rules := {"credentials/shows-file": {"says": "deny"}}
	the_preset := object.union(t.preset, {"rules": rules})
	"shows-file" in t.ids(credentials.deny) with input as document with data.holdpoint.preset as the_preset
	not "shows-file" in t.ids(credentials.hold) with input as document with data.holdpoint.preset as the_preset
}

test_harmless_attempts_are_silent if {
	document := object.union(t.attempt([t.tagged(t.expose("file", "path", ["/w/.env"]), "credential")]), {"harmless": true})
	count(credentials.hold) == 0 with input as document with data.holdpoint.preset as t.preset
	count(credentials.deny) == 0 with input as document with data.holdpoint.preset as t.preset
}
