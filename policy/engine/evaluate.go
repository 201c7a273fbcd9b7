package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/topdown/cache"
)

// caches keeps compiled patterns (regex, glob) between evaluations: pure functions of their text.
type caches struct {
	values cache.InterQueryValueCache
}

func newCaches() *caches {
	entries := 1000
	config := &cache.Config{InterQueryBuiltinValueCache: cache.InterQueryBuiltinValueCacheConfig{MaxNumEntries: &entries}}
	return &caches{values: cache.NewInterQueryValueCache(context.Background(), config)}
}

// evaluateHeader is the first line of the request; the input document follows as it is.
type evaluateHeader struct {
	Sets []int `json:"sets"`
	// Expressions that each set may evaluate before it counts as endless.
	MaxSteps int64 `json:"maxSteps"`
	// Asks the rules that are shown to be silent too, for those who compare.
	Whole bool `json:"whole"`
}

// setAnswer is written by appendAnswers: `set` and `steps`, and either `found`, a list for each rule of the set, or `error`.
type setAnswer struct {
	Set   int
	Error *problem
	Steps int64
	// Every rule of the set, and what those that were asked found. One that was not asked is shown to find nothing.
	whole []string
	found map[string]ast.Value
}

func evaluate(request []byte) []byte {
	line, document, found := bytes.Cut(request, []byte{'\n'})
	header, err := readHeader(line)
	if err != nil || !found {
		return failed(problem{Code: "engine_request", Message: "the request has no header"})
	}
	input, err := readDocument(document)
	if err != nil {
		return failed(problem{Code: "input_error", Message: err.Error()})
	}
	isHarmless := !header.Whole && saysHarmless(input)
	answers := make([]setAnswer, 0, len(header.Sets))
	for _, id := range header.Sets {
		set := sets[id]
		if set == nil {
			answers = append(answers, setAnswer{Set: id, Error: &problem{Code: "engine_request", Message: "no such policy set"}})
			continue
		}
		asked := set.whole
		if isHarmless {
			asked = set.harmless
		}
		answer := set.evaluate(asked, input, header.MaxSteps)
		answer.Set = id
		answers = append(answers, answer)
	}
	text, err := appendAnswers(nil, answers)
	if err != nil {
		return failed(problem{Code: "engine_answer", Message: err.Error()})
	}
	return text
}

// The same header comes with call after call.
var lastHeader struct {
	line  []byte
	value evaluateHeader
}

func readHeader(line []byte) (evaluateHeader, error) {
	if len(line) > 0 && bytes.Equal(line, lastHeader.line) {
		return lastHeader.value, nil
	}
	var header evaluateHeader
	if err := json.Unmarshal(line, &header); err != nil {
		return header, err
	}
	lastHeader.line, lastHeader.value = bytes.Clone(line), header
	return header, nil
}

var harmlessKey = ast.StringTerm("harmless")

func saysHarmless(input *ast.Term) bool {
	document, isObject := input.Value.(ast.Object)
	if !isObject {
		return false
	}
	said := document.Get(harmlessKey)
	return said != nil && said.Value.Compare(ast.Boolean(true)) == 0
}

var errUndefined = errors.New("undefined")

func (set *policySet) evaluate(asked *question, input *ast.Term, maxSteps int64) setAnswer {
	answer := setAnswer{whole: set.whole.asked}
	if len(asked.asked) == 0 {
		return answer
	}
	budget := &steps{max: maxSteps}
	found, err := set.run(asked, input, budget, nil)
	answer.Steps = budget.taken
	switch {
	case err == nil:
		answer.found = found
	case budget.exceeded():
		answer.Error = set.whereTheStepsWent(asked, input, maxSteps)
	case errors.Is(err, errUndefined):
		answer.Error = &problem{Code: "undefined", Message: "the query is undefined"}
	default:
		answer.Error = &problemsOf(err)[0]
	}
	return answer
}

// run asks all rules in one query: a value for each of them, or an error, and nothing in between.
func (set *policySet) run(asked *question, input *ast.Term, budget *steps, tracer topdown.QueryTracer) (map[string]ast.Value, error) {
	ctx := context.Background()
	txn, err := set.store.NewTransaction(ctx)
	if err != nil {
		return nil, err
	}
	defer set.store.Abort(ctx, txn)
	query := set.newQuery(asked.body, asked.query, txn, input, budget)
	if tracer != nil {
		query = query.WithQueryTracer(tracer)
	}
	var found map[string]ast.Value
	err = query.Iter(ctx, func(result topdown.QueryResult) error {
		if found != nil {
			return errors.New("the query has more than one answer")
		}
		found = make(map[string]ast.Value, len(asked.vars))
		for index, name := range asked.vars {
			term, bound := result[name]
			if !bound {
				return fmt.Errorf("`%s` is not bound", asked.asked[index])
			}
			found[asked.asked[index]] = term.Value
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, errUndefined
	}
	return found, nil
}

func (set *policySet) newQuery(body ast.Body, compiled ast.QueryCompiler, txn storage.Transaction, input *ast.Term, budget topdown.Cancel) *topdown.Query {
	return topdown.NewQuery(body).
		WithQueryCompiler(compiled).
		WithCompiler(set.compiler).
		WithStore(set.store).
		WithTransaction(txn).
		WithInput(input).
		WithCancel(budget).
		WithSeed(noSeed{}).
		// Nobody reads them, and each of them asks the host for the time.
		WithMetrics(metrics.NoOp()).
		WithTime(time.Unix(0, 0)).
		WithInterQueryBuiltinValueCache(set.cache.values).
		// INVARIANT: an error in a built-in ends the evaluation; it never makes a rule silently false.
		WithStrictBuiltinErrors(true)
}

// noSeed is asked by nobody: all built-ins that draw random numbers are left out.
type noSeed struct{}

func (noSeed) Read([]byte) (int, error) { return 0, errors.New("no random numbers in a policy") }

// steps counts expressions; topdown asks it before each. Counting instead of timing gives the same answer every time.
type steps struct {
	taken, max int64
}

func (s *steps) Cancel() { s.taken = s.max }

func (s *steps) Cancelled() bool {
	s.taken++
	return s.taken > s.max
}

func (s *steps) exceeded() bool { return s.taken > s.max }

// whereTheStepsWent evaluates a part of it again and names the line that was evaluated most.
func (set *policySet) whereTheStepsWent(asked *question, input *ast.Term, maxSteps int64) *problem {
	lines := &lineCounter{counts: map[line]int{}}
	_, _ = set.run(asked, input, &steps{max: min(maxSteps, max(maxSteps/10, leastTraced))}, lines)
	most, count := line{}, 0
	for one, times := range lines.counts {
		if times > count || times == count && (one.file < most.file || one.file == most.file && one.row < most.row) {
			most, count = one, times
		}
	}
	return &problem{
		Code:    "step_limit",
		Message: fmt.Sprintf("more than %d steps, most of them here", maxSteps),
		File:    most.file,
		Row:     most.row,
		Col:     1,
	}
}

const leastTraced = 1_000

type line struct {
	file string
	row  int
}

type lineCounter struct {
	counts map[line]int
}

func (*lineCounter) Enabled() bool { return true }

func (*lineCounter) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

func (l *lineCounter) TraceEvent(event topdown.Event) {
	if event.Op == topdown.EvalOp && event.Location != nil && event.Location.File != "" {
		l.counts[line{event.Location.File, event.Location.Row}]++
	}
}
