package main

import (
	"context"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// As many as an evaluation may take: what is not shown by then is not worth the wait for those who load it.
const proofSteps = 100_000

var unknownMembers = []string{"schema", "now", "attempt", "effects", "evidence", "exceptions"}

// silentWhenHarmless has OPA evaluate the set partially, with `input.harmless` known to be true and all the rest unknown.
// Where nothing is left over, no rule that holds or denies can fire for an attempt all of whose effects are harmless,
// whatever else the document says, and such an attempt need not be evaluated. Anything in doubt is "not shown".
// INVARIANT: a proof is only one if it never came to anything unknown. Then evaluating the set for real takes the same
// steps to the same empty end, and no built-in can fail on the way that the proof did not see fail.
// Rules that allow are left out: an allow makes no harmless attempt stricter.
func (set *policySet) silentWhenHarmless() bool {
	for _, module := range set.compiler.Modules {
		if readsInputAsWhole(module) {
			return false
		}
	}
	input := ast.ObjectTerm(ast.Item(ast.StringTerm("harmless"), ast.BooleanTerm(true)))
	var unknown []*ast.Term
	for _, member := range unknownMembers {
		unknown = append(unknown, ast.NewTerm(ast.InputRootRef.Append(ast.StringTerm(member))))
	}
	for _, path := range set.asked {
		if isAllow(path) {
			continue
		}
		any := ast.MustParseRef(path).Append(ast.VarTerm("finding"))
		compiler := set.compiler.QueryCompiler()
		body, err := compiler.Compile(ast.NewBody(ast.NewExpr(ast.NewTerm(any))))
		if err != nil {
			return false
		}
		ctx := context.Background()
		txn, err := set.store.NewTransaction(ctx)
		if err != nil {
			return false
		}
		budget := &steps{max: proofSteps}
		saved := &saveWatcher{budget: budget}
		left, _, err := set.newQuery(body, compiler, txn, ast.NewTerm(input.Value), budget).
			WithQueryTracer(saved).
			WithUnknowns(unknown).
			WithPartialNamespace("partial").
			PartialRun(ctx)
		set.store.Abort(ctx, txn)
		if err != nil || len(left) > 0 || saved.any {
			return false
		}
	}
	return true
}

var _ topdown.Cancel = (*steps)(nil)

// saveWatcher: partial evaluation saves each expression that it cannot decide. The first one ends it.
type saveWatcher struct {
	any    bool
	budget *steps
}

func (*saveWatcher) Enabled() bool { return true }

func (*saveWatcher) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

func (w *saveWatcher) TraceEvent(event topdown.Event) {
	if event.Op == topdown.SaveOp {
		w.any = true
		w.budget.Cancel()
	}
}

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
