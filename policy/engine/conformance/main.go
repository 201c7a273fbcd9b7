// Command conformance writes OPA's published v1 conformance cases as JSON lines, as scripts/policy-conformance.ts reads
// them. They come out of the module cache at the version that the engine is built from; none of them is kept here.
// Usage: conformance FOLDER, where FOLDER is v1/test/cases/testdata/v1 in OPA's module.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/open-policy-agent/opa/v1/test/cases"
)

type exported struct {
	Group string `json:"group"`
	cases.TestCase
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: conformance FOLDER")
		os.Exit(64)
	}
	set, err := cases.Load(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
	out := bufio.NewWriter(os.Stdout)
	lines := json.NewEncoder(out)
	for _, one := range set.Sorted().Cases {
		group := filepath.Base(filepath.Dir(one.Filename))
		if err := lines.Encode(exported{Group: group, TestCase: one}); err != nil {
			fmt.Fprintf(os.Stderr, "conformance: %s: %v\n", one.Note, err)
			os.Exit(1)
		}
	}
	if err := out.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}
