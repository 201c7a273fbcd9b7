package holdpoint.policies.history_test

import data.holdpoint.lib_test as t
import data.holdpoint.policies.history

test_shared_branch_fires if "shared-branch" in t.ids(history.hold) with input as t.attempt([t.destroy("git", "remote-branch", ["/w", "main"])]) with data.holdpoint.preset as t.preset

test_shared_branch_silent if not "shared-branch" in t.ids(history.hold) with input as t.attempt([t.destroy("git", "remote-branch", ["/w", "maintenance"])]) with data.holdpoint.preset as t.preset

test_release_tag_fires if "release-tag" in t.ids(history.hold) with input as t.attempt([t.destroy("git", "remote-branch", ["/w", "v1.2.3"])]) with data.holdpoint.preset as t.preset

test_release_tag_silent if not "release-tag" in t.ids(history.hold) with input as t.attempt([t.destroy("git", "remote-branch", ["/w", "v1"])]) with data.holdpoint.preset as t.preset

test_remote_branch_fires if "remote-branch" in t.ids(history.hold) with input as t.attempt([t.destroy("git", "remote-branch", ["/w", "feature/x"])]) with data.holdpoint.preset as t.preset

test_remote_branch_silent if not "remote-branch" in t.ids(history.hold) with input as t.attempt([t.destroy("git", "remote-branch", ["/w", "main"])]) with data.holdpoint.preset as t.preset

test_all_branches_fires if "all-branches" in t.ids(history.hold) with input as t.attempt([t.destroy("git", "remote-branch", ["/w"])]) with data.holdpoint.preset as t.preset

test_all_branches_silent if not "all-branches" in t.ids(history.hold) with input as t.attempt([t.destroy("git", "remote-branch", ["/w", "x"])]) with data.holdpoint.preset as t.preset

test_local_branch_fires if "local-branch" in t.ids(history.hold) with input as t.attempt([t.destroy("git", "branch", ["/w", "x"])]) with data.holdpoint.preset as t.preset

test_local_branch_silent if not "local-branch" in t.ids(history.hold) with input as t.attempt([t.destroy("github", "branch", ["x"])]) with data.holdpoint.preset as t.preset

test_forge_branch_fires if "forge-branch" in t.ids(history.hold) with input as t.attempt([t.destroy("github", "branch", ["x"])]) with data.holdpoint.preset as t.preset

test_forge_branch_silent if not "forge-branch" in t.ids(history.hold) with input as t.attempt([t.destroy("git", "branch", ["/w", "x"])]) with data.holdpoint.preset as t.preset

test_uncommitted_fires if "uncommitted" in t.ids(history.hold) with input as t.attempt([t.from(t.destroy("git", "repository", ["/w"]), "catalog/git-reset")]) with data.holdpoint.preset as t.preset

test_uncommitted_silent if not "uncommitted" in t.ids(history.hold) with input as t.attempt([t.from(t.destroy("git", "repository", ["/w"]), "catalog/git-clean")]) with data.holdpoint.preset as t.preset

test_untracked_fires if "untracked" in t.ids(history.hold) with input as t.attempt([t.from(t.destroy("git", "repository", ["/w"]), "catalog/git-clean")]) with data.holdpoint.preset as t.preset

test_untracked_silent if not "untracked" in t.ids(history.hold) with input as t.attempt([t.from(t.destroy("git", "repository", ["/w"]), "catalog/git-reset")]) with data.holdpoint.preset as t.preset

test_working_tree_fires if "working-tree" in t.ids(history.hold) with input as t.attempt([t.from(t.destroy("git", "repository", ["/w"]), "catalog/git-worktree")]) with data.holdpoint.preset as t.preset

test_working_tree_silent if not "working-tree" in t.ids(history.hold) with input as t.attempt([t.from(t.destroy("git", "repository", ["/w"]), "catalog/git-reset")]) with data.holdpoint.preset as t.preset

test_way_back_fires if "way-back" in t.ids(history.hold) with input as t.attempt([t.from(t.destroy("git", "repository", ["/w"]), "catalog/git-reflog")]) with data.holdpoint.preset as t.preset

test_way_back_silent if not "way-back" in t.ids(history.hold) with input as t.attempt([t.from(t.destroy("git", "repository", ["/w"]), "catalog/git-reset")]) with data.holdpoint.preset as t.preset

test_rewritten_fires if "rewritten" in t.ids(history.hold) with input as t.attempt([t.from(t.destroy("git", "repository", ["/w"]), "catalog/git-filter-repo")]) with data.holdpoint.preset as t.preset

test_rewritten_silent if not "rewritten" in t.ids(history.hold) with input as t.attempt([t.from(t.destroy("git", "repository", ["/w"]), "catalog/git-reset")]) with data.holdpoint.preset as t.preset

test_stash_fires if "stash" in t.ids(history.hold) with input as t.attempt([t.destroy("git", "stash", ["/w"])]) with data.holdpoint.preset as t.preset

test_stash_silent if not "stash" in t.ids(history.hold) with input as t.attempt([t.change("git", "stash", ["/w"])]) with data.holdpoint.preset as t.preset

test_other_tools_fires if "other-tools" in t.ids(history.hold) with input as t.attempt([t.destroy("vcs", "repository", ["1"])]) with data.holdpoint.preset as t.preset

test_other_tools_silent if not "other-tools" in t.ids(history.hold) with input as t.attempt([t.destroy("git", "repository", ["/w"])]) with data.holdpoint.preset as t.preset

test_lease_fires if "lease" in t.ids(history.hold) with input as t.attempt([t.harmless(t.change("git", "remote-branch", ["/w", "x"]))]) with data.holdpoint.preset as t.everyday

test_lease_silent if not "lease" in t.ids(history.hold) with input as t.attempt([t.harmless(t.change("git", "tag", ["/w", "x"]))]) with data.holdpoint.preset as t.everyday

test_a_preset_denies if {
	document := t.attempt([t.destroy("git", "branch", ["/w", "x"])])
	rules := {"history/local-branch": {"says": "deny"}}
	the_preset := object.union(t.preset, {"rules": rules})
	"local-branch" in t.ids(history.deny) with input as document with data.holdpoint.preset as the_preset
	not "local-branch" in t.ids(history.hold) with input as document with data.holdpoint.preset as the_preset
}

test_harmless_attempts_are_silent if {
	document := object.union(t.attempt([t.destroy("git", "branch", ["/w", "x"])]), {"harmless": true})
	count(history.hold) == 0 with input as document with data.holdpoint.preset as t.preset
	count(history.deny) == 0 with input as document with data.holdpoint.preset as t.preset
}
