package main

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Everything that OPA itself calls nondeterministic is left out (network, runtime, random, clock, signing with a random
// salt, schemas fetched by reference), and what reads the clock without saying so.
var readsClock = map[string]bool{
	"crypto.x509.parse_and_verify_certificates":              true,
	"crypto.x509.parse_and_verify_certificates_with_options": true,
}

var (
	capabilities = newCapabilities()
	leftOut      = newLeftOut()
)

func isLeftOut(builtin *ast.Builtin) bool {
	return builtin.Nondeterministic || readsClock[builtin.Name]
}

func newCapabilities() *ast.Capabilities {
	all := ast.CapabilitiesForThisVersion()
	kept := make([]*ast.Builtin, 0, len(all.Builtins))
	for _, builtin := range all.Builtins {
		if !isLeftOut(builtin) {
			kept = append(kept, builtin)
		}
	}
	all.Builtins = kept
	// Empty, not nil: no host at all.
	all.AllowNet = []string{}
	return all
}

func newLeftOut() map[string]bool {
	names := map[string]bool{}
	for _, builtin := range ast.CapabilitiesForThisVersion().Builtins {
		if isLeftOut(builtin) {
			names[builtin.Name] = true
		}
	}
	return names
}

// explain says of OPA's "undefined function" whether the function exists and is withheld.
func explain(message string) string {
	name, found := strings.CutPrefix(message, "undefined function ")
	if !found || !leftOut[name] {
		return message
	}
	return "`" + name + "` is not available to a policy: the same input must always give the same answer, so there is no network, clock, random number or runtime (the time is `input.now`)"
}
