package main

import (
	"encoding/json"
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
)

// readDocument reads JSON straight into OPA's values. The general decoder builds Go maps first and reads the text twice,
// which was a third of the time of an evaluation. The host writes the document with JSON.stringify; what is not exactly
// one JSON value is an error all the same. decode_test.go compares it with OPA's own reader.
func readDocument(text []byte) (*ast.Term, error) {
	d := &decoder{text: text}
	term, err := d.value(0)
	if err != nil {
		return nil, err
	}
	d.space()
	if d.at != len(d.text) {
		return nil, errJSON
	}
	return term, nil
}

const maxDepth = 128

var (
	errJSON = errors.New("not valid JSON")
	errDeep = errors.New("nested too deep")
	errTwin = errors.New("a key stands twice in an object")
)

type decoder struct {
	text []byte
	at   int
}

func (d *decoder) space() {
	for d.at < len(d.text) {
		switch d.text[d.at] {
		case ' ', '\t', '\n', '\r':
			d.at++
		default:
			return
		}
	}
}

// next gives the first byte after white space without taking it; 0 at the end.
func (d *decoder) next() byte {
	d.space()
	if d.at == len(d.text) {
		return 0
	}
	return d.text[d.at]
}

func (d *decoder) value(depth int) (*ast.Term, error) {
	if depth > maxDepth {
		return nil, errDeep
	}
	switch c := d.next(); {
	case c == '{':
		return d.object(depth)
	case c == '[':
		return d.array(depth)
	case c == '"':
		return d.string()
	case c == '-' || c >= '0' && c <= '9':
		return d.number()
	case c == 't':
		return ast.InternedTerm(true), d.word("true")
	case c == 'f':
		return ast.InternedTerm(false), d.word("false")
	case c == 'n':
		return ast.InternedNullTerm, d.word("null")
	}
	return nil, errJSON
}

func (d *decoder) word(word string) error {
	if len(d.text)-d.at < len(word) || string(d.text[d.at:d.at+len(word)]) != word {
		return errJSON
	}
	d.at += len(word)
	return nil
}

func (d *decoder) object(depth int) (*ast.Term, error) {
	d.at++
	if d.next() == '}' {
		d.at++
		return ast.ObjectTerm(), nil
	}
	var room [usualMembers][2]*ast.Term
	pairs := room[:0]
	var many map[string]bool
	for {
		if d.next() != '"' {
			return nil, errJSON
		}
		key, err := d.string()
		if err != nil {
			return nil, err
		}
		// Two readers of one document could see two values.
		if many == nil && len(pairs) == usualMembers {
			many = make(map[string]bool, 4*usualMembers)
			for _, pair := range pairs {
				many[nameOf(pair[0])] = true
			}
		}
		if many == nil && slices.ContainsFunc(pairs, func(pair [2]*ast.Term) bool { return nameOf(pair[0]) == nameOf(key) }) ||
			many[nameOf(key)] {
			return nil, errTwin
		}
		if many != nil {
			many[nameOf(key)] = true
		}
		if d.next() != ':' {
			return nil, errJSON
		}
		d.at++
		value, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, [2]*ast.Term{key, value})
		switch d.next() {
		case ',':
			d.at++
		case '}':
			d.at++
			return ast.ObjectTerm(pairs...), nil
		default:
			return nil, errJSON
		}
	}
}

func nameOf(key *ast.Term) string { return string(key.Value.(ast.String)) }

func (d *decoder) array(depth int) (*ast.Term, error) {
	d.at++
	terms := []*ast.Term{}
	if d.next() == ']' {
		d.at++
		return ast.ArrayTerm(), nil
	}
	for {
		value, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		terms = append(terms, value)
		switch d.next() {
		case ',':
			d.at++
		case ']':
			d.at++
			return ast.ArrayTerm(terms...), nil
		default:
			return nil, errJSON
		}
	}
}

// string takes a literal. One without escapes is taken as it stands; the rest is left to the standard library.
func (d *decoder) string() (*ast.Term, error) {
	from := d.at + 1
	for at, plain := from, true; at < len(d.text); at++ {
		switch c := d.text[at]; {
		case c == '\\':
			plain = false
			at++
		case c == '"':
			literal := d.text[d.at : at+1]
			d.at = at + 1
			if plain {
				return textTerm(literal[1 : len(literal)-1]), nil
			}
			var text string
			if err := json.Unmarshal(literal, &text); err != nil {
				return nil, errJSON
			}
			return ast.InternedTerm(text), nil
		case c < 0x20:
			return nil, errJSON
		case c >= utf8.RuneSelf:
			// Invalid UTF-8 becomes U+FFFD in the standard library, as everywhere.
			if r, size := utf8.DecodeRune(d.text[at:]); r == utf8.RuneError && size == 1 {
				plain = false
			} else {
				at += size - 1
			}
		}
	}
	return nil, errJSON
}

// Members, and texts such as `destroy`, come again with every document: a term of each is kept, of the first that come.
var keptTexts = make(map[string]*ast.Term, maxKeptTexts)

const (
	usualMembers     = 12
	maxKeptTexts     = 1_000
	maxKeptTextBytes = 32
)

func textTerm(text []byte) *ast.Term {
	if kept := keptTexts[string(text)]; kept != nil {
		return kept
	}
	term := ast.InternedTerm(string(text))
	if len(text) <= maxKeptTextBytes && len(keptTexts) < maxKeptTexts {
		keptTexts[string(text)] = term
	}
	return term
}

func (d *decoder) number() (*ast.Term, error) {
	from := d.at
	for d.at < len(d.text) {
		c := d.text[d.at]
		if c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E' && (c < '0' || c > '9') {
			break
		}
		d.at++
	}
	literal := string(d.text[from:d.at])
	if interned := ast.InternedIntNumberTermFromString(literal); interned != nil {
		return interned, nil
	}
	if !json.Valid(d.text[from:d.at]) {
		return nil, errJSON
	}
	number, err := ast.NumberChecked(literal)
	if err != nil {
		return nil, err
	}
	return ast.NewTerm(number), nil
}
