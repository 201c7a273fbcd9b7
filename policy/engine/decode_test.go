package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

// FuzzReadDocument compares with OPA's own reader: the same value, or refused. What this reader refuses on top is a key
// that stands twice, and depth.
func FuzzReadDocument(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-2.5e3,true,false,null,"é\"\\\/\b\f\n\r\té😀"],"":{}}`, ` [ ] `, `"\ud800"`, "\"\xff\"", `01`,
		`1e99999999`, `-`, `{"a":1,"a":2}`, `{"a" 1}`, `[1,]`, `nul`, `{"a":1}x`, `1.0`, `10`, `1e1`, `-0`, `{"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"i":0,"j":0,"k":0,"l":0,"m":0,"n":0,"a":0}`, `"a` + "\n" + `"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		mine, mineErr := readDocument(text)
		if mineErr == errTwin || mineErr == errDeep {
			return
		}
		if mineErr == nil && bytes.Contains(text, []byte{'{'}) && hasTwin(text) {
			t.Fatalf("%q: a key stands twice", text)
		}
		theirs, theirsErr := ast.ValueFromReader(bytes.NewReader(text))
		if theirsErr == nil && !json.Valid(text) {
			return // their decoder stops after the first value
		}
		if (mineErr == nil) != (theirsErr == nil) {
			t.Fatalf("%q: mine %v, theirs %v", text, mineErr, theirsErr)
		}
		if mineErr == nil && mine.Value.Compare(theirs) != 0 {
			t.Fatalf("%q: mine %v, theirs %v", text, mine, theirs)
		}
	})
}

// hasTwin counts keys as the standard library reads them one by one.
func hasTwin(text []byte) bool {
	tokens := json.NewDecoder(bytes.NewReader(text))
	type open struct {
		keys  map[string]bool
		isKey bool
	}
	var stack []*open
	for {
		token, err := tokens.Token()
		if err != nil {
			return false
		}
		var top *open
		if len(stack) > 0 {
			top = stack[len(stack)-1]
		}
		if top != nil && top.keys != nil {
			if key, isText := token.(string); isText && top.isKey {
				if top.keys[key] {
					return true
				}
				top.keys[key] = true
				top.isKey = false
				continue
			}
			top.isKey = true
		}
		switch token {
		case json.Delim('{'):
			stack = append(stack, &open{keys: map[string]bool{}, isKey: true})
		case json.Delim('['):
			stack = append(stack, &open{})
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:len(stack)-1]
		}
	}
}
