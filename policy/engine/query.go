package main

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/topdown/lineage"
	"github.com/open-policy-agent/opa/v1/topdown/print"
)

type queryRequest struct {
	loadRequest
	Query string `json:"query"`
	// Absent: no input, which is not the same as null.
	Input json.RawMessage `json:"input"`
	// off, notes, fails, full or debug, as in `opa eval --explain`.
	Explain  string `json:"explain"`
	MaxSteps int64  `json:"maxSteps"`
	// OPA's own default is lenient; only conformance tests ask for that.
	Lenient bool `json:"lenient"`
	// A Rego term in place of the input, for what JSON cannot say (a set); conformance tests have such.
	InputTerm string `json:"inputTerm"`
}

type queryAnswer struct {
	// One object a solution: variable to value.
	Results []map[string]any `json:"results"`
	Trace   string           `json:"trace,omitempty"`
	Printed []string         `json:"printed,omitempty"`
	Error   *problem         `json:"error,omitempty"`
}

// query evaluates any query over any modules, for people at a command line. The decision goes through evaluate.
func query(request queryRequest) (any, []problem) {
	request.Anything, request.Printing = true, true
	set, _, problems := compileSet(request.loadRequest)
	if len(problems) > 0 {
		return nil, problems
	}
	body, err := ast.ParseBodyWithOpts(request.Query, ast.ParserOptions{Capabilities: capabilities, RegoVersion: ast.RegoV1})
	if err != nil {
		return nil, problemsOf(err)
	}
	compiler := set.compiler.QueryCompiler().WithEnablePrintStatements(true)
	compiled, err := compiler.Compile(body)
	if err != nil {
		return nil, problemsOf(err)
	}
	var input *ast.Term
	if len(request.Input) > 0 {
		if input, err = readDocument(request.Input); err != nil {
			return nil, []problem{{Code: "input_error", Message: err.Error()}}
		}
	}
	if request.InputTerm != "" {
		if input, err = ast.ParseTerm(request.InputTerm); err != nil {
			return nil, problemsOf(err)
		}
	}
	ctx := context.Background()
	txn, err := set.store.NewTransaction(ctx)
	if err != nil {
		return nil, problemsOf(err)
	}
	defer set.store.Abort(ctx, txn)
	budget := &steps{max: request.MaxSteps}
	printed := &printHook{}
	prepared := set.newQuery(compiled, compiler, txn, input, budget).
		WithStrictBuiltinErrors(!request.Lenient).
		WithPrintHook(printed)
	tracer := topdown.NewBufferTracer()
	if request.Explain != "" && request.Explain != "off" {
		prepared = prepared.WithQueryTracer(tracer)
	}
	rewritten := compiler.RewrittenVars()
	answer := queryAnswer{Results: []map[string]any{}}
	err = prepared.Iter(ctx, func(result topdown.QueryResult) error {
		row := map[string]any{}
		for name, term := range result {
			shown := name
			if original, ok := rewritten[name]; ok {
				shown = original
			}
			if shown.IsGenerated() || shown.IsWildcard() {
				continue
			}
			value, err := ast.JSONWithOpt(term.Value, ast.JSONOpt{SortSets: true})
			if err != nil {
				return err
			}
			row[string(shown)] = value
		}
		answer.Results = append(answer.Results, row)
		return nil
	})
	answer.Printed = printed.lines
	answer.Trace = pretty(*tracer, request.Explain)
	switch {
	case budget.exceeded():
		answer.Error = &problem{Code: "step_limit", Message: "too many steps"}
	case err != nil:
		answer.Error = &problemsOf(err)[0]
	}
	return answer, nil
}

func pretty(trace []*topdown.Event, explain string) string {
	switch explain {
	case "notes":
		trace = lineage.Notes(trace)
	case "fails":
		trace = lineage.Fails(trace)
	case "full":
		trace = lineage.Full(trace)
	case "debug":
		trace = lineage.Debug(trace)
	default:
		return ""
	}
	var text bytes.Buffer
	topdown.PrettyTraceWithLocation(&text, trace)
	return text.String()
}

type printHook struct {
	lines []string
}

func (p *printHook) Print(context print.Context, text string) error {
	place := ""
	if context.Location != nil {
		place = context.Location.String() + ": "
	}
	p.lines = append(p.lines, place+text)
	return nil
}
