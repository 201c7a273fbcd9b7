# METADATA
# title: History
# description: Commits, branches and work that is not committed yet.
package holdpoint.policies.history

import data.holdpoint.lib

hold contains object.union(finding, object.filter(said, {"signers"})) if {
	input.harmless == false
	some finding in found
	said := object.get(lib.rules, concat("/", ["history", finding.id]), {})
	object.get(said, "says", "hold") == "hold"
}

deny contains lib.denied(finding) if {
	input.harmless == false
	some finding in found
	lib.rules[concat("/", ["history", finding.id])].says == "deny"
}

# METADATA
# title: Rewrites or deletes a shared branch on the remote
# custom: {id: shared-branch, severity: critical}
found contains finding if {
	"destroyed remote-branch" in input.index.keys
	some i in input.index.at["destroyed remote-branch"]
	is_shared(branch(i))
	finding := {"id": "shared-branch", "reason": sprintf("others build on `%s`; their commits would be gone from it", [branch(i)]), "effect": i}
}

# METADATA
# title: Deletes a release tag on the remote
# custom: {id: release-tag, severity: high}
found contains finding if {
	"destroyed remote-branch" in input.index.keys
	some i in input.index.at["destroyed remote-branch"]
	is_version(branch(i))
	finding := {"id": "release-tag", "reason": sprintf("`%s` names a version that others have installed", [branch(i)]), "effect": i}
}

# METADATA
# title: Rewrites or deletes another branch on the remote
# custom: {id: remote-branch, severity: high}
found contains finding if {
	"destroyed remote-branch" in input.index.keys
	some i in input.index.at["destroyed remote-branch"]
	not is_shared(branch(i))
	not is_version(branch(i))
	finding := {"id": "remote-branch", "reason": sprintf("commits on `%s` that others have pushed would be gone", [branch(i)]), "effect": i}
}

# METADATA
# title: Rewrites or deletes many branches at once
# custom: {id: all-branches, severity: critical}
found contains finding if {
	"destroyed remote-branch" in input.index.keys
	some i in input.index.at["destroyed remote-branch"]
	not branch(i)
	finding := {"id": "all-branches", "reason": "every branch of the remote is at stake, also those of others", "effect": i}
}

branch(i) := input.effects[i].target.known.path[1]

is_version(name) if regex.match(`^(refs/tags/)?v?[0-9]+(\.[0-9]+)+`, name)

is_shared(name) if regex.match(data.holdpoint.preset.shared_branches, name)

# METADATA
# title: Deletes or moves a local branch
# custom: {id: local-branch, severity: medium}
found contains finding if {
	"altered branch" in input.index.keys
	some i in input.index.at["altered branch"]
	input.effects[i].target.known.system == "git"
	finding := {"id": "local-branch", "reason": "commits that were never pushed have no other name; only the reflog of this clone still knows them", "effect": i}
}

# METADATA
# title: Deletes a branch on a forge
# custom: {id: forge-branch, severity: medium}
found contains finding if {
	"altered branch" in input.index.keys
	some i in input.index.at["altered branch"]
	i in lib.remote
	finding := {"id": "forge-branch", "reason": "the branch goes for everybody; a forge or a database keeps it for a while at most", "effect": i}
}

# METADATA
# title: Throws uncommitted changes away
# custom: {id: uncommitted, severity: high}
found contains finding if {
	some i in working_trees
	input.effects[i].source in {"catalog/git-reset", "catalog/git-checkout", "catalog/git-restore", "catalog/git-switch", "catalog/git-read-tree", "catalog/git-checkout-index", "catalog/git-rm"}
	finding := {"id": "uncommitted", "reason": "what is not committed is nowhere else; `git stash` keeps it", "effect": i}
}

# METADATA
# title: Deletes untracked files
# custom: {id: untracked, severity: high}
found contains finding if {
	some i in working_trees
	input.effects[i].source == "catalog/git-clean"
	finding := {"id": "untracked", "reason": "git has never seen these files: new work, settings, local databases; `git clean -n` lists them", "effect": i}
}

# METADATA
# title: Removes a working tree or submodules with their changes
# custom: {id: working-tree, severity: medium}
found contains finding if {
	some i in working_trees
	input.effects[i].source in {"catalog/git-worktree", "catalog/git-submodule", "catalog/git-lfs", "catalog/git-annex"}
	finding := {"id": "working-tree", "reason": "whatever was changed there and not committed goes with it", "effect": i}
}

working_trees contains i if {
	things := {"destroyed repository", "destroyed worktree-path"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	input.effects[i].target.known.system == "git"
}

# METADATA
# title: Drops stashed work
# custom: {id: stash, severity: high}
found contains finding if {
	"destroyed stash" in input.index.keys
	some i in input.index.at["destroyed stash"]
	finding := {"id": "stash", "reason": "a stash is work that somebody wanted to keep and that has no branch", "effect": i}
}

# METADATA
# title: Deletes the way back to lost commits
# custom: {id: way-back, severity: high}
found contains finding if {
	some i in working_trees
	input.effects[i].source in {"catalog/git-reflog", "catalog/git-gc", "catalog/git-prune", "catalog/git-notes"}
	finding := {"id": "way-back", "reason": "the reflog and unreachable objects are how a mistake with git is undone", "effect": i}
}

# METADATA
# title: Rewrites the whole history
# custom: {id: rewritten, severity: critical}
found contains finding if {
	some i in working_trees
	input.effects[i].source in {"catalog/git-filter-branch", "catalog/git-filter-repo", "catalog/git-fast-import", "catalog/git-replace"}
	finding := {"id": "rewritten", "reason": "every commit gets another name; no other clone fits any more", "effect": i}
}

# METADATA
# title: Throws work away in another version control
# custom: {id: other-tools, severity: high}
found contains finding if {
	things := {"destroyed repository", "destroyed work"}
	strings.any_prefix_match(input.index.keys, things)
	some i in lib.at(things)
	input.effects[i].target.known.system == "vcs"
	finding := {"id": "other-tools", "reason": "takes commits or uncommitted work away for good", "effect": i}
}

# METADATA
# title: Rewrites a branch of one's own on the remote
# description: With a lease git loses nothing of others, so only a preset that looks at everyday work asks for it.
# custom: {id: lease, severity: low, everyday: true}
hold contains finding if {
	data.holdpoint.preset.everyday
	some i, effect in input.effects
	effect.target.known.kind == "remote-branch"
	effect.danger == "harmless"
	finding := {"id": "lease", "reason": "the branch on the remote would no longer show what was reviewed", "effect": i}
}
