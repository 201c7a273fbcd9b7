package main

import (
	"context"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

const proofSteps = 1_000_000

var unknownMembers = []string{"schema", "now", "attempt", "effects", "evidence"}

// silentWhenHarmless has OPA evaluate the set partially, with `input.harmless` known to be true and all the rest unknown.
// Where nothing is left over, no rule that holds or denies can fire for an attempt all of whose effects are harmless,
// whatever else the document says, and such an attempt need not be evaluated. Anything in doubt is "not shown".
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
		left, _, err := set.newQuery(body, compiler, txn, ast.NewTerm(input.Value), &steps{max: proofSteps}).
			WithUnknowns(unknown).
			WithPartialNamespace("partial").
			PartialRun(ctx)
		set.store.Abort(ctx, txn)
		if err != nil || len(left) > 0 {
			return false
		}
	}
	return true
}

var _ topdown.Cancel = (*steps)(nil)

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
