package main

import (
	"context"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/tester"
)

type testRequest struct {
	loadRequest
	// Regular expression over `data.package.test_name`; empty runs all.
	Run      string `json:"run"`
	Coverage bool   `json:"coverage"`
}

type testAnswer struct {
	Tests    []testResult  `json:"tests"`
	Coverage *cover.Report `json:"coverage,omitempty"`
}

type testResult struct {
	Package string `json:"package"`
	Name    string `json:"name"`
	// pass, fail, error or skip.
	Result string `json:"result"`
	File   string `json:"file"`
	Row    int    `json:"row"`
	Why    string `json:"why,omitempty"`
	Output string `json:"output,omitempty"`
	Micros int64  `json:"micros"`
}

const testTimeout = 30 * time.Second

func test(request testRequest) (any, []problem) {
	modules, problems := parseModules(request.Modules)
	if len(problems) > 0 {
		return nil, problems
	}
	ctx := context.Background()
	store := newStore(request.Data)
	txn, err := store.NewTransaction(ctx, storage.WriteParams)
	if err != nil {
		return nil, problemsOf(err)
	}
	defer store.Abort(ctx, txn)
	runner := tester.NewRunner().
		SetCompiler(newCompiler(nil).WithEnablePrintStatements(true)).
		SetStore(store).
		SetModules(modules).
		SetTimeout(testTimeout).
		SetParallel(1).
		CapturePrintOutput(true).
		RaiseBuiltinErrors(true).
		Filter(request.Run)
	var coverage *cover.Cover
	if request.Coverage {
		coverage = cover.New()
		runner = runner.SetCoverageQueryTracer(coverage)
	}
	results, err := runner.RunTests(ctx, txn)
	if err != nil {
		return nil, problemsOf(err)
	}
	answer := testAnswer{Tests: []testResult{}}
	for result := range results {
		if result == nil {
			continue
		}
		one := testResult{
			Package: result.Package,
			Name:    result.Name,
			Result:  "pass",
			Output:  string(result.Output),
			Micros:  result.Duration.Microseconds(),
		}
		if result.Location != nil {
			one.File, one.Row = result.Location.File, result.Location.Row
		}
		switch {
		case result.Error != nil:
			one.Result, one.Why = "error", result.Error.Error()
		case result.Skip:
			one.Result = "skip"
		case result.Fail:
			one.Result = "fail"
			if result.FailedAt != nil {
				one.Why = result.FailedAt.String()
			}
		}
		answer.Tests = append(answer.Tests, one)
	}
	if coverage != nil {
		report := coverage.Report(modules)
		answer.Coverage = &report
	}
	return answer, nil
}

type formatRequest struct {
	Modules []moduleText `json:"modules"`
}

type formatAnswer struct {
	Modules []moduleText `json:"modules"`
}

func formatModules(request formatRequest) (any, []problem) {
	answer := formatAnswer{Modules: []moduleText{}}
	var problems []problem
	for _, module := range request.Modules {
		text, err := format.SourceWithOpts(module.Name, []byte(module.Text), format.Opts{
			RegoVersion:   ast.RegoV1,
			ParserOptions: &ast.ParserOptions{RegoVersion: ast.RegoV1},
		})
		if err != nil {
			problems = append(problems, problemsOf(err)...)
			continue
		}
		answer.Modules = append(answer.Modules, moduleText{Name: module.Name, Text: string(text)})
	}
	return answer, problems
}
