package holdpoint.policies.irreversible_test

import data.holdpoint.lib_test as t
import data.holdpoint.policies.irreversible

test_catastrophic_fires if "catastrophic" in t.ids(irreversible.deny) with input as t.attempt([t.tagged(t.destroy("file", "path", ["/"]), "catastrophic")]) with data.holdpoint.preset as t.preset

test_catastrophic_silent if not "catastrophic" in t.ids(irreversible.deny) with input as t.attempt([t.destroy("file", "path", ["/w"])]) with data.holdpoint.preset as t.preset

test_data_with_backups_fires if "data-with-backups" in t.ids(irreversible.deny) with input as t.attempt([t.destroy("railway", "volume", ["v1"]), t.tagged(t.destroy("railway", "backup", ["b1"]), "backup")]) with data.holdpoint.preset as t.preset

test_data_with_backups_silent if not "data-with-backups" in t.ids(irreversible.deny) with input as t.attempt([t.tagged(t.destroy("railway", "backup", ["b1"]), "backup")]) with data.holdpoint.preset as t.preset

test_volume_fires if "volume" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("railway", "volume", ["v1"])]) with data.holdpoint.preset as t.preset

test_volume_silent if not "volume" in t.ids(irreversible.hold) with input as t.attempt([t.change("railway", "volume", ["v1"])]) with data.holdpoint.preset as t.preset

test_database_fires if "database" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("postgres", "database", ["", "acme"])]) with data.holdpoint.preset as t.preset

test_database_silent if not "database" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("postgres", "table", ["", "t"])]) with data.holdpoint.preset as t.preset

test_table_fires if "table" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("postgres", "table", ["", "t"])]) with data.holdpoint.preset as t.preset

test_table_silent if not "table" in t.ids(irreversible.hold) with input as t.attempt([t.harmless(t.destroy("postgres", "table", ["", "t"])), t.change("postgres", "setting", ["", "x"])]) with data.holdpoint.preset as t.preset

test_rows_fires if "rows" in t.ids(irreversible.hold) with input as t.attempt([object.union(t.change("postgres", "table", ["", "t"]), {"count": {"min": 0, "max": "unbounded"}, "reversal": "safeguardable"})]) with data.holdpoint.preset as t.preset

test_rows_silent if not "rows" in t.ids(irreversible.hold) with input as t.attempt([t.change("postgres", "table", ["", "t"])]) with data.holdpoint.preset as t.preset

test_objects_fires if "objects" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("aws", "bucket", ["s3://b"])]) with data.holdpoint.preset as t.preset

test_objects_silent if not "objects" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("http", "object", ["o"])]) with data.holdpoint.preset as t.preset

test_store_fires if "store" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("redis", "key", ["flushall"])]) with data.holdpoint.preset as t.preset

test_store_silent if not "store" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("host", "key", ["x"])]) with data.holdpoint.preset as t.preset

test_backup_fires if "backup" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("host", "snapshot", ["s"])]) with data.holdpoint.preset as t.preset

test_backup_silent if not "backup" in t.ids(irreversible.hold) with input as t.attempt([t.change("host", "snapshot", ["s"])]) with data.holdpoint.preset as t.preset

test_backup_by_name_fires if "backup-by-name" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("http", "endpoint", ["api.acme.example", "DELETE", "/backups/7"])]) with data.holdpoint.preset as t.preset

test_backup_by_name_silent if not "backup-by-name" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("http", "endpoint", ["api.acme.example", "DELETE", "/users/7"])]) with data.holdpoint.preset as t.preset

test_backup_making_fires if "backup-making" in t.ids(irreversible.hold) with input as t.attempt([t.tagged(t.change("railway", "volume-instance", ["i"]), "backup")]) with data.holdpoint.preset as t.preset

test_backup_making_silent if not "backup-making" in t.ids(irreversible.hold) with input as t.attempt([t.tagged(t.destroy("railway", "volume-instance", ["i"]), "backup")]) with data.holdpoint.preset as t.preset

test_retention_fires if "retention" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("aws", "lifecycle", ["b"])]) with data.holdpoint.preset as t.preset

test_retention_silent if not "retention" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("aws", "bucket", ["b"])]) with data.holdpoint.preset as t.preset

test_project_fires if "project" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("railway", "project", ["p"])]) with data.holdpoint.preset as t.preset

test_project_silent if not "project" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("railway", "variable", ["p"])]) with data.holdpoint.preset as t.preset

test_infrastructure_fires if "infrastructure" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("terraform", "infrastructure", ["terraform"])]) with data.holdpoint.preset as t.preset

test_infrastructure_silent if not "infrastructure" in t.ids(irreversible.hold) with input as t.attempt([t.change("terraform", "infrastructure", ["terraform"])]) with data.holdpoint.preset as t.preset

test_state_fires if "state" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("terraform", "state", ["a"])]) with data.holdpoint.preset as t.preset

test_state_silent if not "state" in t.ids(irreversible.hold) with input as t.attempt([t.change("terraform", "state", ["a"])]) with data.holdpoint.preset as t.preset

test_cloud_resource_fires if "cloud-resource" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("aws", "resource", ["i-1"])]) with data.holdpoint.preset as t.preset

test_cloud_resource_silent if not "cloud-resource" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("mail", "resource", ["i-1"])]) with data.holdpoint.preset as t.preset

test_disk_fires if "disk" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("host", "device", ["/dev/sdb"])]) with data.holdpoint.preset as t.preset

test_disk_silent if not "disk" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("docker", "device", ["/dev/sdb"])]) with data.holdpoint.preset as t.preset

test_only_copy_fires if "only-copy" in t.ids(irreversible.hold) with input as t.known(t.destroy("file", "path", ["/w/a"]), "recovery", {"irreplaceable": ["a", "b"]}) with data.holdpoint.preset as t.preset

test_only_copy_silent if not "only-copy" in t.ids(irreversible.hold) with input as t.known(t.destroy("file", "path", ["/w/a"]), "recovery", {"irreplaceable": []}) with data.holdpoint.preset as t.preset

test_outside_workspace_fires if "outside-workspace" in t.ids(irreversible.hold) with input as t.known(t.destroy("file", "path", ["/o"]), "recovery", {"exists": true, "insideWorkspace": false, "temporary": false}) with data.holdpoint.preset as t.preset

test_outside_workspace_silent if not "outside-workspace" in t.ids(irreversible.hold) with input as t.known(t.destroy("file", "path", ["/tmp/o"]), "recovery", {"exists": true, "insideWorkspace": false, "temporary": true}) with data.holdpoint.preset as t.preset

test_home_fires if "home" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("file", "path", ["~/projects"])]) with data.holdpoint.preset as t.preset

test_home_silent if not "home" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("file", "path", ["/w/~"])]) with data.holdpoint.preset as t.preset

test_data_file_fires if "data-file" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("file", "path", ["/w/app.sqlite"])]) with data.holdpoint.preset as t.preset

test_data_file_silent if not "data-file" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("file", "path", ["/w/app.sqlite.md"])]) with data.holdpoint.preset as t.preset

test_copies_inside_fires if "copies-inside" in t.ids(irreversible.hold) with input as t.known(t.destroy("railway", "volume", ["v1"]), "recovery", {"backups": [{"id": "b", "insideTarget": true, "atMs": 1}]}) with data.holdpoint.preset as t.preset

test_copies_inside_silent if not "copies-inside" in t.ids(irreversible.hold) with input as t.known(t.destroy("railway", "volume", ["v1"]), "recovery", {"backups": [{"id": "b", "insideTarget": false, "atMs": 1}]}) with data.holdpoint.preset as t.preset

test_no_copies_fires if "no-copies" in t.ids(irreversible.hold) with input as t.known(t.destroy("railway", "volume", ["v1"]), "recovery", {"backups": []}) with data.holdpoint.preset as t.preset

test_no_copies_silent if not "no-copies" in t.ids(irreversible.hold) with input as t.known(t.destroy("railway", "volume", ["v1"]), "recovery", {"backups": "none"}) with data.holdpoint.preset as t.preset

test_old_copies_fires if "old-copies" in t.ids(irreversible.hold) with input as t.known(t.destroy("railway", "volume", ["v1"]), "recovery", {"backups": [{"id": "b", "insideTarget": false, "atMs": 1789640000000}]}) with data.holdpoint.preset as t.preset

test_old_copies_silent if not "old-copies" in t.ids(irreversible.hold) with input as t.known(t.destroy("railway", "volume", ["v1"]), "recovery", {"backups": [{"id": "b", "insideTarget": false, "atMs": 1789996400000}]}) with data.holdpoint.preset as t.preset

test_copies_unknown_fires if "copies-unknown" in t.ids(irreversible.hold) with input as t.unanswered(t.destroy("railway", "volume", ["v1"]), "recovery") with data.holdpoint.preset as t.preset

test_copies_unknown_silent if not "copies-unknown" in t.ids(irreversible.hold) with input as t.unanswered(t.destroy("file", "path", ["/w/a"]), "recovery") with data.holdpoint.preset as t.preset

test_restore_over_fires if "restore-over" in t.ids(irreversible.hold) with input as t.attempt([t.from(t.destroy("railway", "volume-instance", ["i"]), "railway:volumeInstanceBackupRestore")]) with data.holdpoint.preset as t.preset

test_restore_over_silent if not "restore-over" in t.ids(irreversible.hold) with input as t.attempt([t.destroy("railway", "volume-instance", ["i"])]) with data.holdpoint.preset as t.preset

test_a_preset_denies if {
	document := t.attempt([t.destroy("postgres", "table", ["", "t"])])
	rules := {"irreversible/table": {"says": "deny"}}
	the_preset := object.union(t.preset, {"rules": rules})
	"table" in t.ids(irreversible.deny) with input as document with data.holdpoint.preset as the_preset
	not "table" in t.ids(irreversible.hold) with input as document with data.holdpoint.preset as the_preset
}

test_harmless_attempts_are_silent if {
	document := object.union(t.attempt([t.destroy("postgres", "table", ["", "t"])]), {"harmless": true})
	count(irreversible.hold) == 0 with input as document with data.holdpoint.preset as t.preset
	count(irreversible.deny) == 0 with input as document with data.holdpoint.preset as t.preset
}
