package main

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

// TestAppendValue compares with the way over Go's maps that OPA itself takes.
func TestAppendValue(t *testing.T) {
	for _, text := range []string{
		`null`, `true`, `-1.5e3`, `12345678901234567890`, `""`, `"a\"b\\c\n\u0001é😀<>&\u2028"`, `[]`, `[1, "x", [null]]`,
		`set()`, `{3, 1, "b", "a", {"k": {2, 1}}}`, `{}`, `{"b": 1, "a": {"c": [false]}}`, `{1: "x", [1]: "y", "z": set()}`,
		`[{"id": "x", "reason": "r", "effect": 0, "signers": 2}]`,
	} {
		value := ast.MustParseTerm(text).Value
		mine, err := appendValue(nil, value)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		theirs, err := ast.JSONWithOpt(value, ast.JSONOpt{SortSets: true})
		if err != nil {
			t.Fatal(err)
		}
		plain, err := json.Marshal(theirs)
		if err != nil {
			t.Fatal(err)
		}
		var one, other any
		if err := json.Unmarshal(mine, &one); err != nil {
			t.Fatalf("%s: %s: %v", text, mine, err)
		}
		if err := json.Unmarshal(plain, &other); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(one, other) {
			t.Fatalf("%s: mine %s, theirs %s", text, mine, plain)
		}
	}
}

func TestAppendAnswers(t *testing.T) {
	found := map[string]ast.Value{"data.a.deny": ast.MustParseTerm(`{{"id": "x"}}`).Value}
	text, err := appendAnswers(nil, []setAnswer{
		{Set: 1, Steps: 2, whole: []string{"data.a.deny", "data.a.hold"}, found: found},
		{Set: 3, Error: &problem{Code: "c", Message: "m"}},
	})
	want := `[{"set":1,"steps":2,"found":{"data.a.deny":[{"id":"x"}],"data.a.hold":[]}},{"set":3,"steps":0,"error":{"code":"c","message":"m"}}]`
	if err != nil || string(text) != want {
		t.Fatalf("%v: %s", err, text)
	}
}
