package main

import (
	"context"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// As many as an evaluation may take: what is not shown by then is not worth the wait for those who load it.
const proofSteps = 100_000

var harmlessInput = ast.ObjectTerm(ast.Item(ast.StringTerm("harmless"), ast.BooleanTerm(true)))

// unknownMembers are those that the schema of the input has beside `harmless`; none where there is no such schema. Rules are
// compiled against it, so that there are no others.
func unknownMembers(schema any) []*ast.Term {
	document, _ := schema.(map[string]any)
	members, _ := document["properties"].(map[string]any)
	unknown := make([]*ast.Term, 0, len(members))
	for _, member := range sortedNames(members) {
		if member != "harmless" {
			unknown = append(unknown, ast.NewTerm(ast.InputRootRef.Append(ast.StringTerm(member))))
		}
	}
	return unknown
}

// notSilentWhenHarmless has OPA evaluate each rule asked partially, with `input.harmless` known to be true and all the rest
// unknown. Where nothing is left over, the rule cannot fire for an attempt all of whose effects are harmless, whatever else
// the document says, and need not be evaluated for it. What is left to ask is the rest; anything in doubt is among it.
// INVARIANT: a proof is only one if it never came to anything unknown. Then evaluating the rule for real takes the same
// steps to the same empty end, and no built-in can fail on the way that the proof did not see fail.
// Rules that allow are left out: an allow makes no harmless attempt stricter.
func (set *policySet) notSilentWhenHarmless() []string {
	if len(set.unknown) == 0 {
		return set.whole.asked
	}
	for _, module := range set.compiler.Modules {
		if readsInputAsWhole(module) {
			return set.whole.asked
		}
	}
	asked := []string{}
	var left int64 = proofSteps
	for _, path := range set.whole.asked {
		if isAllow(path) {
			continue
		}
		budget := &steps{max: left}
		if !set.isSilentWhenHarmless(path, budget) {
			asked = append(asked, path)
		}
		// Of all rules together, so that loading ends soon whatever their number.
		left = max(0, left-budget.taken)
	}
	return asked
}

func (set *policySet) isSilentWhenHarmless(path string, budget *steps) bool {
	compiler := set.compiler.QueryCompiler()
	any := ast.MustParseRef(path).Append(ast.VarTerm("finding"))
	body, err := compiler.Compile(ast.NewBody(ast.NewExpr(ast.NewTerm(any))))
	if err != nil {
		return false
	}
	ctx := context.Background()
	txn, err := set.store.NewTransaction(ctx)
	if err != nil {
		return false
	}
	defer set.store.Abort(ctx, txn)
	saved := &saveWatcher{}
	watched := &watchedSteps{steps: budget, saved: saved}
	left, _, err := set.newQuery(body, compiler, txn, harmlessInput, watched).
		WithQueryTracer(saved).
		WithUnknowns(set.unknown).
		WithPartialNamespace("partial").
		PartialRun(ctx)
	return err == nil && len(left) == 0 && !saved.any
}

var _ topdown.Cancel = (*steps)(nil)

// saveWatcher: partial evaluation saves each expression that it cannot decide. The first one ends it.
type saveWatcher struct {
	any bool
}

func (*saveWatcher) Enabled() bool { return true }

func (*saveWatcher) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

func (w *saveWatcher) TraceEvent(event topdown.Event) {
	w.any = w.any || event.Op == topdown.SaveOp
}

type watchedSteps struct {
	*steps
	saved *saveWatcher
}

func (w *watchedSteps) Cancelled() bool { return w.steps.Cancelled() || w.saved.any }

func isAllow(path string) bool {
	const name = ".allow"
	return len(path) > len(name) && path[len(path)-len(name):] == name
}

// readsInputAsWhole: `input`, `input[x]` or `with input…` see more than members known by name.
func readsInputAsWhole(module *ast.Module) bool {
	found := false
	ast.WalkRefs(module, func(ref ast.Ref) bool {
		if ref[0].Equal(ast.InputRootDocument) {
			if len(ref) == 1 {
				found = true
			} else if _, isText := ref[1].Value.(ast.String); !isText {
				found = true
			}
		}
		return found
	})
	ast.WalkWiths(module, func(*ast.With) bool {
		found = true
		return true
	})
	return found
}
