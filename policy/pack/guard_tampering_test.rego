package holdpoint.policies.guard_tampering_test

import data.holdpoint.lib_test as t
import data.holdpoint.policies.guard_tampering

test_guard_fires if "guard" in t.ids(guard_tampering.deny) with input as t.attempt([t.tagged(t.change("holdpoint", "guard", ["x"]), "guard-tampering")]) with data.holdpoint.preset as t.preset

test_guard_silent if not "guard" in t.ids(guard_tampering.deny) with input as t.attempt([t.change("holdpoint", "guard", ["x"])]) with data.holdpoint.preset as t.preset

test_gateway_fires if "gateway" in t.ids(guard_tampering.deny) with input as t.attempt([t.tagged(t.change("holdpoint", "guard", ["gateway"]), "bypass")]) with data.holdpoint.preset as t.preset

test_gateway_silent if not "gateway" in t.ids(guard_tampering.deny) with input as t.attempt([t.tagged(t.change("git", "configuration", ["hooks"]), "bypass")]) with data.holdpoint.preset as t.preset

test_remote_shell_fires if "remote-shell" in t.ids(guard_tampering.deny) with input as t.attempt([t.grant("host", "shell", ["/bin/sh"])]) with data.holdpoint.preset as t.preset

test_remote_shell_silent if not "remote-shell" in t.ids(guard_tampering.deny) with input as t.attempt([t.grant("host", "user", ["x"])]) with data.holdpoint.preset as t.preset

test_hooks_fires if "hooks" in t.ids(guard_tampering.hold) with input as t.attempt([t.tagged(t.change("git", "configuration", ["hooks"]), "bypass")]) with data.holdpoint.preset as t.preset

test_hooks_silent if not "hooks" in t.ids(guard_tampering.hold) with input as t.attempt([t.change("git", "configuration", ["remote"])]) with data.holdpoint.preset as t.preset

test_checks_fires if "checks" in t.ids(guard_tampering.hold) with input as t.attempt([t.tagged(t.change("host", "check", ["HUSKY"]), "bypass")]) with data.holdpoint.preset as t.preset

test_checks_silent if not "checks" in t.ids(guard_tampering.hold) with input as t.attempt([t.change("host", "check", ["HUSKY"])]) with data.holdpoint.preset as t.preset

test_audit_log_fires if "audit-log" in t.ids(guard_tampering.hold) with input as t.attempt([t.destroy("host", "log", ["journalctl"])]) with data.holdpoint.preset as t.preset

test_audit_log_silent if not "audit-log" in t.ids(guard_tampering.hold) with input as t.attempt([t.expose("host", "log", ["x"])]) with data.holdpoint.preset as t.preset

test_cloud_log_fires if "cloud-log" in t.ids(guard_tampering.hold) with input as t.text(t.attempt([t.destroy("aws", "resource", ["t"])]), "aws cloudtrail delete-trail --name t") with data.holdpoint.preset as t.preset

test_cloud_log_silent if not "cloud-log" in t.ids(guard_tampering.hold) with input as t.text(t.attempt([t.destroy("aws", "resource", ["t"])]), "aws ec2 delete-volume") with data.holdpoint.preset as t.preset

test_protection_fires if "protection" in t.ids(guard_tampering.hold) with input as t.attempt([t.destroy("github", "ruleset", ["1"])]) with data.holdpoint.preset as t.preset

test_protection_silent if not "protection" in t.ids(guard_tampering.hold) with input as t.attempt([t.expose("github", "ruleset", ["1"])]) with data.holdpoint.preset as t.preset

test_deletion_protection_fires if "deletion-protection" in t.ids(guard_tampering.hold) with input as t.text(t.attempt([t.change("aws", "database", ["x"])]), "aws rds modify-db-instance --no-deletion-protection") with data.holdpoint.preset as t.preset

test_deletion_protection_silent if not "deletion-protection" in t.ids(guard_tampering.hold) with input as t.text(t.attempt([t.change("aws", "database", ["x"])]), "aws rds modify-db-instance --deletion-protection") with data.holdpoint.preset as t.preset

test_firewall_fires if "firewall" in t.ids(guard_tampering.hold) with input as t.attempt([t.change("host", "firewall", ["x"])]) with data.holdpoint.preset as t.preset

test_firewall_silent if not "firewall" in t.ids(guard_tampering.hold) with input as t.attempt([t.change("docker", "network", ["x"])]) with data.holdpoint.preset as t.preset

test_services_fires if "services" in t.ids(guard_tampering.hold) with input as t.attempt([t.change("host", "service", ["x"])]) with data.holdpoint.preset as t.preset

test_services_silent if not "services" in t.ids(guard_tampering.hold) with input as t.attempt([t.change("railway", "service", ["x"])]) with data.holdpoint.preset as t.preset

test_boot_fires if "boot" in t.ids(guard_tampering.hold) with input as t.attempt([t.change("host", "kernel", ["x"])]) with data.holdpoint.preset as t.preset

test_boot_silent if not "boot" in t.ids(guard_tampering.hold) with input as t.attempt([t.change("docker", "mount", ["x"])]) with data.holdpoint.preset as t.preset

test_machine_fires if "machine" in t.ids(guard_tampering.hold) with input as t.attempt([t.change("host", "machine", ["x"])]) with data.holdpoint.preset as t.preset

test_machine_silent if not "machine" in t.ids(guard_tampering.hold) with input as t.attempt([t.change("flyctl", "machine", ["x"])]) with data.holdpoint.preset as t.preset

test_system_packages_fires if "system-packages" in t.ids(guard_tampering.hold) with input as t.attempt([t.change("host", "package", ["x"])]) with data.holdpoint.preset as t.preset

test_system_packages_silent if not "system-packages" in t.ids(guard_tampering.hold) with input as t.attempt([t.change("npm", "package", ["x"])]) with data.holdpoint.preset as t.preset

test_schedule_fires if "schedule" in t.ids(guard_tampering.hold) with input as t.attempt([t.destroy("host", "schedule", ["crontab"])]) with data.holdpoint.preset as t.preset

test_schedule_silent if not "schedule" in t.ids(guard_tampering.hold) with input as t.attempt([t.expose("host", "schedule", ["crontab"])]) with data.holdpoint.preset as t.preset

test_processes_fires if "processes" in t.ids(guard_tampering.hold) with input as t.attempt([t.change("host", "process", ["-1"])]) with data.holdpoint.preset as t.preset

test_processes_silent if not "processes" in t.ids(guard_tampering.hold) with input as t.attempt([t.grant("host", "process", ["-1"])]) with data.holdpoint.preset as t.preset

test_accounts_fires if "accounts" in t.ids(guard_tampering.hold) with input as t.attempt([t.grant("host", "user", ["bob"])]) with data.holdpoint.preset as t.preset

test_accounts_silent if not "accounts" in t.ids(guard_tampering.hold) with input as t.attempt([t.grant("postgres", "user", ["bob"])]) with data.holdpoint.preset as t.preset

test_file_access_fires if "file-access" in t.ids(guard_tampering.hold) with input as t.attempt([t.from(t.change("file", "path", ["/srv"]), "catalog/chmod")]) with data.holdpoint.preset as t.preset

test_file_access_silent if not "file-access" in t.ids(guard_tampering.hold) with input as t.attempt([t.from(t.change("file", "path", ["/srv"]), "catalog/sed")]) with data.holdpoint.preset as t.preset

test_workflow_files_fires if "workflow-files" in t.ids(guard_tampering.hold) with input as t.attempt([t.harmless(t.effect("create", "file", "path", ["/w/.github/workflows/ci.yml"]))]) with data.holdpoint.preset as t.everyday

test_workflow_files_silent if not "workflow-files" in t.ids(guard_tampering.hold) with input as t.attempt([t.harmless(t.effect("create", "file", "path", ["/w/.github/CODEOWNERS.md"]))]) with data.holdpoint.preset as t.everyday

test_agent_instructions_fires if "agent-instructions" in t.ids(guard_tampering.hold) with input as t.attempt([t.harmless(t.effect("create", "file", "path", ["/w/AGENTS.md"]))]) with data.holdpoint.preset as t.everyday

test_agent_instructions_silent if not "agent-instructions" in t.ids(guard_tampering.hold) with input as t.attempt([t.harmless(t.effect("create", "file", "path", ["/w/docs/agents.md"]))]) with data.holdpoint.preset as t.everyday

test_a_preset_denies if {
	document := t.attempt([t.tagged(t.change("host", "check", ["HUSKY"]), "bypass")])
	rules := {"guard_tampering/checks": {"says": "deny"}}
	the_preset := object.union(t.preset, {"rules": rules})
	"checks" in t.ids(guard_tampering.deny) with input as document with data.holdpoint.preset as the_preset
	not "checks" in t.ids(guard_tampering.hold) with input as document with data.holdpoint.preset as the_preset
}

test_harmless_attempts_are_silent if {
	document := object.union(t.attempt([t.tagged(t.change("host", "check", ["HUSKY"]), "bypass")]), {"harmless": true})
	count(guard_tampering.hold) == 0 with input as document with data.holdpoint.preset as t.preset
	count(guard_tampering.deny) == 0 with input as document with data.holdpoint.preset as t.preset
}
