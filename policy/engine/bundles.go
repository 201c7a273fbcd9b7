package main

import (
	"bytes"
	"errors"
	"runtime"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/version"
)

type bundleKey struct {
	Key       string `json:"key"`
	Algorithm string `json:"algorithm"`
	Scope     string `json:"scope"`
}

type readBundleRequest struct {
	// A .tar.gz; base64 in JSON.
	Bytes []byte `json:"bytes"`
	// By key id. None: the bundle is not verified, and the answer says so.
	Keys     map[string]bundleKey `json:"keys"`
	KeyID    string               `json:"keyId"`
	Scope    string               `json:"scope"`
	MaxBytes int64                `json:"maxBytes"`
}

type readBundleAnswer struct {
	Verified bool           `json:"verified"`
	Revision string         `json:"revision"`
	Roots    []string       `json:"roots"`
	Metadata map[string]any `json:"metadata"`
	Modules  []moduleText   `json:"modules"`
	Data     map[string]any `json:"data"`
}

func readBundle(request readBundleRequest) (any, []problem) {
	reader := bundle.NewCustomReader(bundle.NewTarballLoaderWithBaseURL(bytes.NewReader(request.Bytes), "")).
		WithRegoVersion(ast.RegoV1).
		WithCapabilities(capabilities).
		WithSizeLimitBytes(request.MaxBytes)
	if len(request.Keys) > 0 {
		keys := map[string]*bundle.KeyConfig{}
		for id, key := range request.Keys {
			keys[id] = &bundle.KeyConfig{Key: key.Key, Algorithm: key.Algorithm, Scope: key.Scope}
		}
		reader = reader.WithBundleVerificationConfig(bundle.NewVerificationConfig(keys, request.KeyID, request.Scope, nil))
	} else {
		reader = reader.WithSkipBundleVerification(true)
	}
	read, err := reader.Read()
	if err != nil {
		return nil, bundleProblems(err)
	}
	if read.Type() != bundle.SnapshotBundleType {
		return nil, []problem{{Code: "bundle_error", Message: "only snapshot bundles are read"}}
	}
	// INVARIANT: OPA's reader takes an unsigned bundle for an error once keys are given; this does not rest on it alone.
	if len(request.Keys) > 0 && len(read.Signatures.Signatures) == 0 {
		return nil, []problem{{Code: "bundle_error", Message: "the bundle is not signed"}}
	}
	answer := readBundleAnswer{
		Verified: len(request.Keys) > 0,
		Revision: read.Manifest.Revision,
		Roots:    []string{},
		Metadata: read.Manifest.Metadata,
		Modules:  []moduleText{},
		Data:     read.Data,
	}
	if read.Manifest.Roots != nil {
		answer.Roots = *read.Manifest.Roots
	}
	for _, module := range read.Modules {
		answer.Modules = append(answer.Modules, moduleText{Name: module.Path, Text: string(module.Raw)})
	}
	return answer, nil
}

type writeBundleRequest struct {
	Modules  []moduleText   `json:"modules"`
	Data     map[string]any `json:"data"`
	Revision string         `json:"revision"`
	Roots    []string       `json:"roots"`
	// PEM or a secret. Empty: unsigned.
	Key       string `json:"key"`
	KeyID     string `json:"keyId"`
	Algorithm string `json:"algorithm"`
}

type writeBundleAnswer struct {
	Bytes []byte `json:"bytes"`
}

func writeBundle(request writeBundleRequest) (any, []problem) {
	parsed, problems := parseModules(request.Modules)
	if len(problems) > 0 {
		return nil, problems
	}
	built := bundle.Bundle{Data: request.Data, Manifest: bundle.Manifest{Revision: request.Revision}}
	if built.Data == nil {
		built.Data = map[string]any{}
	}
	if len(request.Roots) > 0 {
		built.Manifest.Roots = &request.Roots
	}
	built.Manifest.Init()
	for _, module := range request.Modules {
		built.Modules = append(built.Modules, bundle.ModuleFile{
			URL:    module.Name,
			Path:   module.Name,
			Raw:    []byte(module.Text),
			Parsed: parsed[module.Name],
		})
	}
	if request.Key != "" {
		if err := built.GenerateSignature(bundle.NewSigningConfig(request.Key, request.Algorithm, ""), request.KeyID, false); err != nil {
			return nil, bundleProblems(err)
		}
	}
	var bytes bytes.Buffer
	if err := bundle.NewWriter(&bytes).DisableFormat(true).Write(built); err != nil {
		return nil, bundleProblems(err)
	}
	return writeBundleAnswer{Bytes: bytes.Bytes()}, nil
}

func bundleProblems(err error) []problem {
	var many ast.Errors
	if errors.As(err, &many) {
		return problemsOf(err)
	}
	return []problem{{Code: "bundle_error", Message: err.Error()}}
}

type infoAnswer struct {
	OPA     string   `json:"opa"`
	Go      string   `json:"go"`
	LeftOut []string `json:"leftOut"`
}

func info() []byte {
	return encoded(infoAnswer{OPA: version.Version, Go: runtime.Version(), LeftOut: sortedNames(leftOut)})
}
