package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
)

type moduleText struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

type loadRequest struct {
	Modules []moduleText   `json:"modules"`
	Data    map[string]any `json:"data"`
	// JSON Schema of `input`: a reference that it does not know is a compile error.
	Schema any `json:"schema"`
	// Keep it for `evaluate`; otherwise this is only a check.
	Keep bool `json:"keep"`
	// Any Rego, not only the shape that findings come in.
	Anything bool `json:"anything"`
	// Without OPA's `--strict`, which complains of unused variables and the like: as its conformance cases are written.
	Loose bool `json:"loose"`
	// `print` prints; else it is compiled away.
	Printing bool `json:"-"`
}

type loadAnswer struct {
	Set int `json:"set"`
	// Shown: no rule that holds or denies can fire where all effects are harmless.
	Silent bool     `json:"silent"`
	Asked  []string `json:"asked"`
	// Those of the rules asked of which that is not shown: they alone are evaluated where all effects are harmless.
	Harmless []string        `json:"harmless"`
	Rules    []annotatedRule `json:"rules"`
}

type annotatedRule struct {
	Path        string           `json:"path"`
	File        string           `json:"file"`
	Row         int              `json:"row"`
	Annotations *ast.Annotations `json:"annotations,omitempty"`
}

// policySet is one compiled layer.
type policySet struct {
	compiler *ast.Compiler
	store    storage.Store
	// The rules whose findings count, and those of them that are asked of a harmless attempt.
	whole, harmless *question
	cache           *caches
	// Members of the input of which a proof knows nothing.
	unknown []*ast.Term
}

// question is one compiled query that binds the rules asked to v0, v1, ...
type question struct {
	asked []string
	vars  []ast.Var
	body  ast.Body
	query ast.QueryCompiler
}

var (
	sets    = map[int]*policySet{}
	lastSet int
)

const maxProblems = 20

func load(request loadRequest) (any, []problem) {
	set, modules, problems := compileSet(request)
	if len(problems) > 0 {
		return nil, problems
	}
	answer := loadAnswer{Asked: set.whole.asked, Harmless: set.whole.asked, Rules: describe(modules)}
	if request.Keep {
		var err error
		if set.harmless, err = set.prepare(set.notSilentWhenHarmless()); err != nil {
			return nil, problemsOf(err)
		}
		answer.Harmless = set.harmless.asked
		answer.Silent = len(answer.Harmless) == 0
		lastSet++
		sets[lastSet] = set
		answer.Set = lastSet
	}
	return answer, nil
}

type dropRequest struct {
	Set int `json:"set"`
}

func drop(request dropRequest) (any, []problem) {
	delete(sets, request.Set)
	return struct{}{}, nil
}

func compileSet(request loadRequest) (*policySet, map[string]*ast.Module, []problem) {
	modules, problems := parseModules(request.Modules)
	if len(problems) > 0 {
		return nil, nil, problems
	}
	compiler := newCompiler(request.Schema).WithStrict(!request.Loose).WithEnablePrintStatements(request.Printing)
	store := newStore(request.Data)
	if !request.Anything {
		ctx := context.Background()
		txn, err := store.NewTransaction(ctx)
		if err != nil {
			return nil, nil, problemsOf(err)
		}
		defer store.Abort(ctx, txn)
		// A rule and a piece of data under one name: one of them would never be seen.
		compiler = compiler.WithPathConflictsCheck(storage.NonEmpty(ctx, store, txn))
	}
	compiler.Compile(modules)
	if compiler.Failed() {
		return nil, nil, problemsOf(compiler.Errors)
	}
	asked, problems := askedRules(modules)
	if len(problems) > 0 && !request.Anything {
		return nil, nil, problems
	}
	set := &policySet{compiler: compiler, store: store, cache: newCaches(), unknown: unknownMembers(request.Schema)}
	whole, err := set.prepare(asked)
	if err != nil {
		return nil, nil, problemsOf(err)
	}
	set.whole, set.harmless = whole, whole
	return set, modules, nil
}

func newCompiler(schema any) *ast.Compiler {
	compiler := ast.NewCompiler().
		WithCapabilities(capabilities).
		WithStrict(true).
		WithUseTypeCheckAnnotations(true).
		SetErrorLimit(maxProblems)
	if schema != nil {
		known := ast.NewSchemaSet()
		known.Put(ast.SchemaRootRef, schema)
		compiler = compiler.WithSchemas(known)
	}
	return compiler
}

func parseModules(texts []moduleText) (map[string]*ast.Module, []problem) {
	modules := make(map[string]*ast.Module, len(texts))
	var problems []problem
	for _, text := range texts {
		if _, twice := modules[text.Name]; twice {
			problems = append(problems, problem{Code: "engine_request", Message: "given twice", File: text.Name})
			continue
		}
		module, err := ast.ParseModuleWithOpts(text.Name, text.Text, ast.ParserOptions{
			Capabilities:      capabilities,
			ProcessAnnotation: true,
			RegoVersion:       ast.RegoV1,
		})
		switch {
		case err != nil:
			problems = append(problems, problemsOf(err)...)
		case module == nil:
			problems = append(problems, problem{Code: "rego_parse_error", Message: "the file is empty", File: text.Name, Row: 1, Col: 1})
		default:
			modules[text.Name] = module
		}
	}
	return modules, problems
}

// prepare compiles one query over the rules that are asked.
func (set *policySet) prepare(asked []string) (*question, error) {
	prepared := &question{asked: asked, query: set.compiler.QueryCompiler()}
	if len(asked) == 0 {
		return prepared, nil
	}
	var body ast.Body
	for index, path := range asked {
		name := ast.Var("v" + strconv.Itoa(index))
		prepared.vars = append(prepared.vars, name)
		body.Append(ast.Equality.Expr(ast.NewTerm(name), ast.NewTerm(ast.MustParseRef(path))))
	}
	compiled, err := prepared.query.Compile(body)
	if err != nil {
		return nil, err
	}
	prepared.body = compiled
	return prepared, nil
}

var (
	policyRules   = map[string]bool{"deny": true, "hold": true, "allow": true}
	conftestRules = regexp.MustCompile(`^(deny|violation|warn)(_[a-zA-Z0-9]+)*$`)
	policyName    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	testPackage   = regexp.MustCompile(`_test$`)
)

// askedRules finds the rules whose findings count, and complains of each that looks like one and would never be asked:
// a `deny` that nobody asks is a hole that nobody sees.
func askedRules(modules map[string]*ast.Module) ([]string, []problem) {
	asked := map[string]bool{}
	var problems []problem
	complain := func(location *ast.Location, format string, values ...any) {
		problems = append(problems, at(location, "holdpoint_shape_error", fmt.Sprintf(format, values...)))
	}
	hasFinding := map[string]bool{}
	first := map[string]*ast.Package{}
	for _, name := range sortedNames(modules) {
		module := modules[name]
		path := module.Package.Path.String()
		kind := kindOf(module.Package.Path)
		isTestFile := strings.HasSuffix(name, "_test.rego")
		if kind == badPolicy {
			complain(module.Package.Location, "`%s` is no package name for a policy: use `package holdpoint.policies.<name>` with lower-case letters, digits and _", path)
			continue
		}
		if first[path] == nil && !isTestFile {
			first[path] = module.Package
		}
		for _, rule := range module.Rules {
			ref := rule.Head.Ref()
			name := headName(ref)
			isFinding := policyRules[name] || conftestRules.MatchString(name)
			// `policies.x.deny` in `package holdpoint` lands where findings are, and would be asked by accident or not at all.
			inner := slices.ContainsFunc(ref[min(1, len(ref)):], func(term *ast.Term) bool {
				text, isText := term.Value.(ast.String)
				return isText && (policyRules[string(text)] || conftestRules.MatchString(string(text)))
			})
			switch {
			case kind == testKind && isTestFile:
			case kind == testKind && (isFinding || inner):
				complain(rule.Location, "`%s` in `%s` is never asked: a package named `…_test` holds tests", ref.String(), path)
			case isTestFile && (isFinding || inner):
				complain(rule.Location, "`%s` is never asked: files named `*_test.rego` hold tests and take no part", ref.String())
			case isTestFile:
			case !isFinding && inner:
				complain(rule.Location, "`%s` in `%s` is never asked: write `deny contains finding if { … }` in a package of its own", ref.String(), path)
			case kind != policyKind && isUnderPolicies(rule):
				complain(rule.Location, "`%s` in `%s` lies inside of another package: rules of a policy stand in `package holdpoint.policies.<name>`", ref.String(), path)
			case kind == policyKind && policyRules[name], kind == mainKind && conftestRules.MatchString(name):
				if len(ref) != 1 || rule.Head.RuleKind() != ast.MultiValue || len(rule.Head.Args) > 0 {
					complain(rule.Location, "`%s` has to be a set: write `%s contains finding if { … }`", name, name)
					continue
				}
				hasFinding[path] = true
				asked[path+"."+name] = true
			case kind == mainKind && (name == "exception" || name == "allow" || name == "hold"):
				complain(rule.Location, "`%s` has no meaning in `package main`, which has deny, violation and warn", name)
			case kind == policyKind && isFinding:
				complain(rule.Location, "`%s` has no meaning in `package holdpoint.policies.<name>`, which has deny, hold and allow", name)
			case isFinding:
				complain(rule.Location, "`%s` in `%s` is never asked: findings come from `package holdpoint.policies.<name>` or `package main`", name, path)
			}
		}
	}
	for _, path := range sortedNames(first) {
		if kind := kindOf(first[path].Path); (kind == policyKind || kind == mainKind) && !hasFinding[path] && len(problems) == 0 {
			complain(first[path].Location, "`%s` finds nothing: it has no rule that could", path)
		}
	}
	return sortedNames(asked), problems
}

type packageKind int

const (
	otherKind packageKind = iota
	policyKind
	mainKind
	testKind
	badPolicy
)

// The floor's name is taken: an exception that covers one of its rules must not cover a stranger's.
func kindOf(path ast.Ref) packageKind {
	names := make([]string, 0, len(path))
	for _, term := range path[1:] {
		text, isText := term.Value.(ast.String)
		if !isText {
			return badPolicy
		}
		names = append(names, string(text))
	}
	switch {
	case len(names) == 0:
		return otherKind
	case testPackage.MatchString(names[len(names)-1]):
		return testKind
	case len(names) == 1 && names[0] == "main":
		return mainKind
	case len(names) == 2 && names[0] == "holdpoint" && names[1] == "policies":
		return badPolicy
	case len(names) >= 3 && names[0] == "holdpoint" && names[1] == "policies":
		if !policyName.MatchString(names[2]) || names[2] == "floor" || names[2] == "main" || names[2] == "session" {
			return badPolicy
		}
		if len(names) == 3 {
			return policyKind
		}
	}
	return otherKind
}

// isUnderPolicies: a rule may be written from a package further out, as `policies.x.y` in `package holdpoint`.
func isUnderPolicies(rule *ast.Rule) bool {
	path := rule.Ref().ConstantPrefix()
	return len(path) > len(rule.Module.Package.Path) && path.HasPrefix(policiesRoot) && len(rule.Module.Package.Path) <= len(policiesRoot)
}

var policiesRoot = ast.MustParseRef("data.holdpoint.policies")

func headName(ref ast.Ref) string {
	if len(ref) == 0 {
		return ""
	}
	switch head := ref[0].Value.(type) {
	case ast.Var:
		return string(head)
	case ast.String:
		return string(head)
	}
	return ""
}

func describe(modules map[string]*ast.Module) []annotatedRule {
	rules := []annotatedRule{}
	for _, name := range sortedNames(modules) {
		for _, rule := range modules[name].Rules {
			entry := annotatedRule{Path: rule.Ref().String(), File: rule.Location.File, Row: rule.Location.Row}
			// The compiler works on copies, so its own table of annotations does not know these rules.
			for _, found := range rule.Annotations {
				if entry.Annotations == nil || found.Scope == "rule" {
					entry.Annotations = found
				}
			}
			rules = append(rules, entry)
		}
	}
	return rules
}

func sortedNames[T any](from map[string]T) []string {
	names := make([]string, 0, len(from))
	for name := range from {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func at(location *ast.Location, code, message string) problem {
	found := problem{Code: code, Message: message}
	if location != nil {
		found.File, found.Row, found.Col = location.File, location.Row, location.Col
	}
	return found
}

func problemsOf(err error) []problem {
	// First, since it may wrap one of the others: a policy that parses Rego fails where it stands, not in what it parsed.
	var failed *topdown.Error
	if errors.As(err, &failed) {
		return []problem{at(failed.Location, failed.Code, failed.Message)}
	}
	var many ast.Errors
	if errors.As(err, &many) {
		var problems []problem
		for _, one := range many {
			problems = append(problems, at(one.Location, one.Code, explain(one.Message)))
		}
		return problems
	}
	var one *ast.Error
	if errors.As(err, &one) {
		return []problem{at(one.Location, one.Code, explain(one.Message))}
	}
	return []problem{{Code: "engine_error", Message: err.Error()}}
}

func newStore(data map[string]any) storage.Store {
	if data == nil {
		data = map[string]any{}
	}
	return inmem.NewFromObjectWithOpts(data, inmem.OptRoundTripOnWrite(false), inmem.OptReturnASTValuesOnRead(true))
}
