package main

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
)

// appendAnswers writes what was found as JSON, without the detour over Go maps that the standard library takes.
func appendAnswers(text []byte, answers []setAnswer) ([]byte, error) {
	text = append(text, '[')
	for index, answer := range answers {
		if index > 0 {
			text = append(text, ',')
		}
		text = append(text, `{"set":`...)
		text = strconv.AppendInt(text, int64(answer.Set), 10)
		text = append(text, `,"steps":`...)
		text = strconv.AppendInt(text, answer.Steps, 10)
		if answer.Error != nil {
			problem, err := json.Marshal(answer.Error)
			if err != nil {
				return nil, err
			}
			text = append(append(text, `,"error":`...), problem...)
		} else {
			var err error
			if text, err = appendFound(append(text, `,"found":{`...), answer); err != nil {
				return nil, err
			}
			text = append(text, '}')
		}
		text = append(text, '}')
	}
	return append(text, ']'), nil
}

func appendFound(text []byte, answer setAnswer) ([]byte, error) {
	for index, rule := range answer.whole {
		if index > 0 {
			text = append(text, ',')
		}
		text = append(appendString(text, rule), ':')
		value, asked := answer.found[rule]
		if !asked {
			text = append(text, "[]"...)
			continue
		}
		var err error
		if text, err = appendValue(text, value); err != nil {
			return nil, err
		}
	}
	return text, nil
}

// appendValue writes what Rego knows as JSON, a set as a sorted list. encode_test.go compares it with OPA's own way.
func appendValue(text []byte, value ast.Value) ([]byte, error) {
	switch value := value.(type) {
	case ast.Null:
		return append(text, "null"...), nil
	case ast.Boolean:
		return strconv.AppendBool(text, bool(value)), nil
	case ast.Number:
		return append(text, value...), nil
	case ast.String:
		return appendString(text, string(value)), nil
	case *ast.Array:
		return appendList(text, value.Len(), value.Elem)
	case ast.Set:
		members := value.Sorted()
		return appendList(text, members.Len(), members.Elem)
	case ast.Object:
		if written, ok := appendObject(text, value); ok {
			return written, nil
		}
	}
	// What is rare is left to OPA: keys that are no text.
	plain, err := ast.JSONWithOpt(value, ast.JSONOpt{SortSets: true})
	if err != nil {
		return nil, err
	}
	written, err := json.Marshal(plain)
	return append(text, written...), err
}

func appendList(text []byte, length int, at func(int) *ast.Term) ([]byte, error) {
	text = append(text, '[')
	for index := range length {
		if index > 0 {
			text = append(text, ',')
		}
		var err error
		if text, err = appendValue(text, at(index).Value); err != nil {
			return nil, err
		}
	}
	return append(text, ']'), nil
}

func appendObject(text []byte, object ast.Object) ([]byte, bool) {
	text = append(text, '{')
	start := len(text)
	err := object.Iter(func(key, member *ast.Term) error {
		name, isText := key.Value.(ast.String)
		if !isText {
			return errJSON
		}
		if len(text) > start {
			text = append(text, ',')
		}
		text = append(appendString(text, string(name)), ':')
		var err error
		text, err = appendValue(text, member.Value)
		return err
	})
	return append(text, '}'), err == nil
}

func appendString(text []byte, value string) []byte {
	for index := range len(value) {
		if c := value[index]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			// A text always can be written.
			quoted, _ := json.Marshal(value)
			return append(text, quoted...)
		}
	}
	return append(append(append(text, '"'), value...), '"')
}
