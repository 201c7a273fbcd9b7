# METADATA
# title: Irreversible
# description: Data that nothing brings back, and the copies that would have brought it back.
package holdpoint.policies.irreversible

import data.holdpoint.lib

hold contains object.union(finding, object.filter(said, {"signers"})) if {
	input.harmless == false
	some finding in found
	said := object.get(lib.rules, concat("/", ["irreversible", finding.id]), {})
	object.get(said, "says", "hold") == "hold"
}

deny contains lib.denied(finding) if {
	input.harmless == false
	some finding in found
	lib.rules[concat("/", ["irreversible", finding.id])].says == "deny"
}

# METADATA
# title: Destroys the machine, the home directory or a whole account
# description: Nothing that an agent is asked to do needs this. A person who wants it does it by hand.
# custom: {id: catastrophic, severity: critical}
deny contains finding if {
	input.harmless == false
	"tagged catastrophic" in input.index.keys
	some i in input.index.at["tagged catastrophic"]
	finding := {
		"id": "catastrophic",
		"reason": "would take the machine, the home directory or a whole account with it; no task of an agent needs that",
		"effect": i,
	}
}

# METADATA
# title: Destroys data together with its backups
# description: One attempt that takes both the data and a backup leaves no way back. Two attempts can be looked at apart.
# custom: {id: data-with-backups, severity: critical}
deny contains finding if {
	input.harmless == false
	"tagged backup" in input.index.keys
	some i in input.index.at["tagged backup"]
	input.effects[i].verb == "destroy"
	count(lib.at({"destroyed volume", "destroyed volume-instance", "destroyed database", "destroyed table", "destroyed bucket", "destroyed object", "destroyed project", "destroyed service", "destroyed environment"})) > 0
	finding := {
		"id": "data-with-backups",
		"reason": "takes data and a backup in one go, which leaves nothing to go back to; ask for one at a time",
		"effect": i,
	}
}

# METADATA
# title: Deletes a volume
# custom: {id: volume, severity: critical}
found contains finding if {
	things := {"destroyed volume", "destroyed volume-instance", "destroyed plugin", "destroyed subvolume", "destroyed dataset"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	finding := {"id": "volume", "reason": "a volume goes with all data on it", "effect": i}
}

# METADATA
# title: Drops a whole database
# custom: {id: database, severity: critical}
found contains finding if {
	things := {"destroyed database", "destroyed schema", "destroyed keyspace", "destroyed collection", "destroyed data"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	finding := {"id": "database", "reason": "a whole database or schema goes, with everything in it", "effect": i}
}

# METADATA
# title: Drops a table or deletes many of its rows
# custom: {id: table, severity: high, safeguard: true}
found contains finding if {
	"destroyed table" in input.index.keys
	some i in input.index.at["destroyed table"]
	finding := {
		"id": "table",
		"reason": sprintf("rows of `%s` go that only a copy of the table brings back", [lib.name_of(i)]),
		"effect": i,
		"safeguard": true,
	}
}

# METADATA
# title: Changes rows that no key picks
# custom: {id: rows, severity: high, safeguard: true}
found contains finding if {
	"changed table" in input.index.keys
	some i in input.index.at["changed table"]
	effect := input.effects[i]
	effect.count.max == "unbounded"
	effect.reversal == "safeguardable"
	finding := {
		"id": "rows",
		"reason": sprintf("nothing limits how many rows of `%s` lose the values that they have now", [lib.name_of(i)]),
		"effect": i,
		"safeguard": true,
	}
}

# METADATA
# title: Deletes stored objects or a bucket
# custom: {id: objects, severity: high}
found contains finding if {
	things := {"destroyed bucket", "destroyed object"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	input.effects[i].target.known.system in {"aws", "gcloud", "azure", "remote", "wrangler", "minio", "railway", "b2", "doctl"}
	finding := {"id": "objects", "reason": "stored objects go, and object stores have no undo unless versions are kept", "effect": i}
}

# METADATA
# title: Empties keys, indexes or queues of a data store
# custom: {id: store, severity: high}
found contains finding if {
	things := {"destroyed key", "destroyed index", "destroyed points"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	input.effects[i].target.known.system in {"redis", "etcd", "consul", "elasticsearch", "influxdb", "memcached"}
	finding := {"id": "store", "reason": "what a data store keeps goes at once, without a log to take it back from", "effect": i}
}

# METADATA
# title: Deletes a backup or a snapshot
# description: The last way back. Backups are deleted by the rule that keeps them, not by a task.
# custom: {id: backup, severity: critical}
found contains finding if {
	strings.any_prefix_match(input.index.keys, {"tagged backup", "destroyed backup", "destroyed snapshot", "destroyed checkpoint"})
	some i in lib.destroys
	is_backup(i)
	finding := {"id": "backup", "reason": "a backup goes, which is the last way back for what it holds", "effect": i}
}

is_backup(i) if i in lib.backups

is_backup(i) if input.effects[i].target.known.kind in {"backup", "snapshot", "checkpoint"}

# METADATA
# title: Deletes something that is called a backup
# description: APIs and tools that are known only by names. A name can tighten, never loosen.
# custom: {id: backup-by-name, severity: high}
found contains finding if {
	some i in (lib.destroys & lib.remote)
	speaks_of_backups(i)
	not is_backup(i)
	finding := {"id": "backup-by-name", "reason": "by its name this is a backup, a snapshot or a recovery point", "effect": i}
}

backup_words := `(?i)(backup|snapshot|recovery.?point|pitr)`

speaks_of_backups(i) if regex.match(backup_words, concat("/", input.effects[i].target.known.path))

# The command line of a cloud names the operation beside the thing.
speaks_of_backups(i) if {
	input.effects[i].target.known.system in {"aws", "gcloud", "azure", "doctl"}
	regex.match(backup_words, input.attempt.action.text)
}

# METADATA
# title: Changes how backups are made
# custom: {id: backup-making, severity: high}
found contains finding if {
	"tagged backup" in input.index.keys
	some i in input.index.at["tagged backup"]
	input.effects[i].verb == "change"
	finding := {"id": "backup-making", "reason": "changes how backups are made; what it stops is missed only when it is needed", "effect": i}
}

# METADATA
# title: Lets stored data expire or stops keeping versions
# custom: {id: retention, severity: high}
found contains finding if {
	things := {"altered lifecycle", "altered ttl"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	finding := {"id": "retention", "reason": "stored data would expire by itself later, when nobody looks", "effect": i}
}

# METADATA
# title: Deletes a project, an app or an account with all that is in it
# custom: {id: project, severity: critical}
found contains finding if {
	things := {"destroyed project", "destroyed workspace", "destroyed organization", "destroyed account", "destroyed app", "destroyed group"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	finding := {"id": "project", "reason": "everything inside goes with it: services, data, settings, and backups that are kept there", "effect": i}
}

# METADATA
# title: Tears down infrastructure
# custom: {id: infrastructure, severity: critical}
found contains finding if {
	things := {"destroyed infrastructure", "destroyed stack", "destroyed cluster", "destroyed environment", "destroyed swarm"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	finding := {"id": "infrastructure", "reason": "may delete anything that the stack holds, data stores with it; look at the plan first", "effect": i}
}

# METADATA
# title: Edits the state by which infrastructure is managed
# custom: {id: state, severity: high}
found contains finding if {
	things := {"destroyed state", "destroyed lock"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	finding := {"id": "state", "reason": "the state would no longer say what there is; what it forgets is made twice or orphaned", "effect": i}
}

# METADATA
# title: Deletes a resource of a cloud
# custom: {id: cloud-resource, severity: high}
found contains finding if {
	"destroyed resource" in input.index.keys
	some i in input.index.at["destroyed resource"]
	input.effects[i].target.known.system in {"aws", "gcloud", "azure", "doctl", "kubernetes"}
	finding := {"id": "cloud-resource", "reason": "a cloud deletes this at once; whether anything else is left of it is not known here", "effect": i}
}

# METADATA
# title: Erases a disk, a partition or a volume group
# custom: {id: disk, severity: critical}
found contains finding if {
	things := {"destroyed device", "destroyed node"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	input.effects[i].target.known.system == "host"
	not "catastrophic" in input.effects[i].tags
	finding := {"id": "disk", "reason": "what is on the device is gone at once, whichever files it holds", "effect": i}
}

# METADATA
# title: Deletes the only copy of files
# description: By what git and the file system say, these files are nowhere else.
# custom: {id: only-copy, severity: high, safeguard: true}
found contains finding if {
	input.index.known.recovery
	some [i, fact] in lib.answers.recovery
	fact.irreplaceable
	i in lib.changes
	names := {name | some name in fact.irreplaceable; is_string(name)}
	count(names) > 0
	finding := {
		"id": "only-copy",
		"reason": sprintf("no commit and no build brings these back: %s", [lib.few(names)]),
		"effect": i,
		"safeguard": true,
	}
}

# METADATA
# title: Deletes files outside of the workspace
# custom: {id: outside-workspace, severity: high}
found contains finding if {
	input.index.known.recovery
	some [i, fact] in lib.answers.recovery
	fact.exists == true
	fact.insideWorkspace == false
	fact.temporary == false
	i in lib.changes
	finding := {"id": "outside-workspace", "reason": "lies outside of the workspace that the task is about", "effect": i}
}

# METADATA
# title: Deletes what lies in the home directory
# custom: {id: home, severity: high}
found contains finding if {
	some i in lib.destroys
	startswith(lib.path_of(i), "~")
	not "catastrophic" in input.effects[i].tags
	finding := {"id": "home", "reason": "lies in the home directory, outside of the workspace", "effect": i}
}

# METADATA
# title: Deletes a file of data
# custom: {id: data-file, severity: high}
found contains finding if {
	some i in lib.destroys
	regex.match(`(?i)\.(sqlite3?|db3?|mdb|rdb|dump|bak|backup|sql\.gz|bson|tfstate|kdbx|parquet|qcow2|vmdk)$`, lib.path_of(i))
	finding := {"id": "data-file", "reason": "by its name this file holds data, which no build makes again", "effect": i}
}

# METADATA
# title: All backups go with it
# description: Copies that lie inside of what is deleted are no copies.
# custom: {id: copies-inside, severity: critical, source: https://docs.railway.com/reference/backups}
found contains finding if {
	input.index.known.recovery
	some [i, fact] in lib.answers.recovery
	input.effects[i].verb == "destroy"
	count(backups_of(fact)) > 0
	count(outside(fact)) == 0
	finding := {
		"id": "copies-inside",
		"reason": sprintf("its %d backups lie inside of it and go with it; no copy is left elsewhere", [count(backups_of(fact))]),
		"effect": i,
	}
}

# METADATA
# title: There is no backup
# custom: {id: no-copies, severity: critical}
found contains finding if {
	input.index.known.recovery
	some [i, fact] in lib.answers.recovery
	input.effects[i].verb == "destroy"
	is_array(fact.backups)
	count(fact.backups) == 0
	finding := {"id": "no-copies", "reason": "there is no backup of it", "effect": i}
}

# METADATA
# title: The newest backup is old
# custom: {id: old-copies, severity: high}
found contains finding if {
	input.index.known.recovery
	some [i, fact] in lib.answers.recovery
	input.effects[i].verb == "destroy"
	times := {one.atMs | some one in outside(fact); is_number(one.atMs)}
	count(times) > 0
	hours := (input.now - max(times)) / 3600000
	hours > data.holdpoint.preset.limits.backup_age_hours
	finding := {
		"id": "old-copies",
		"reason": sprintf("the newest copy outside of it is %d hours old; what came after is lost", [floor(hours)]),
		"effect": i,
	}
}

# METADATA
# title: Whether there is a backup is not known
# custom: {id: copies-unknown, severity: high}
found contains finding if {
	input.index.unknown.recovery
	some [i, _] in input.index.unknown.recovery
	i in (lib.destroys & lib.remote)
	finding := {"id": "copies-unknown", "reason": "nobody could say whether a copy of it is kept anywhere", "effect": i}
}

# METADATA
# title: Restores a backup over what is there now
# custom: {id: restore-over, severity: high}
found contains finding if {
	some i in lib.destroys
	input.effects[i].source == "railway:volumeInstanceBackupRestore"
	finding := {"id": "restore-over", "reason": "a restore replaces what is there now; all that came after the backup is lost", "effect": i}
}

backups_of(fact) := {one | some one in fact.backups; is_object(one)}

outside(fact) := {one | some one in backups_of(fact); one.insideTarget == false}
