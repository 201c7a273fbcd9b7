#!/usr/bin/env bash
# Builds Open Policy Agent for the policy adapter: policy/engine/ to src/adapters/opa/opa-engine.wasm.br, with a checksum
# file and the licences of all that is linked in. Users need no Go; whoever changes policy/engine/ runs this.
#   --compare   build and compare with the checksum of the module that is in the repository; exit 1 where it differs.
#               Exits with 0 and the reason where Go, or this version of Go, is not here.
set -euo pipefail
cd "$(dirname "$0")/.."
out=src/adapters/opa
export PATH="$PATH:/usr/local/go/bin"

skip() { printf 'policy engine: not compared, because %s\n' "$1"; exit 0; }
# `key value` lines: what the module was built with, and what came out.
recorded() { sed -n "s/^$1 //p" "$out/opa-engine.sum"; }

compare=false
[[ ${1:-} == --compare ]] && compare=true
if ! command -v go >/dev/null; then
  $compare && skip 'Go is not installed'
  printf 'policy engine: Go is not installed\n' >&2
  exit 1
fi
export GOTOOLCHAIN=local GOFLAGS=-trimpath GOOS=wasip1 GOARCH=wasm CGO_ENABLED=0 GOWASM= GOEXPERIMENT= GOWORK=off
version=$(go env GOVERSION)
if $compare && [[ $version != "$(recorded go)" ]]; then skip "it was built with $(recorded go), here is $version"; fi

work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
(cd policy/engine && go build -mod=readonly -buildvcs=false -buildmode=c-shared -ldflags='-s -w -buildid=' -o "$work/engine.wasm" .)
# Go declares no upper limit. A policy that builds ever larger texts shall meet one of its own (1 GiB), not the machine's.
node -e '
  const { readFileSync, writeFileSync } = require("node:fs");
  const MEMORY_SECTION = 5;
  const MAX_PAGES = 16384;
  const leb = (value) => {
    const bytes = [];
    do {
      bytes.push((value & 127) | (value > 127 ? 128 : 0));
      value >>>= 7;
    } while (value > 0);
    return bytes;
  };
  const module = readFileSync(process.argv[1]);
  const number = (from) => {
    let value = 0;
    for (let at = from, shift = 0; ; at += 1, shift += 7) {
      value |= (module[at] & 127) << shift;
      if (module[at] < 128) return { value, next: at + 1 };
    }
  };
  let at = 8;
  while (module[at] !== MEMORY_SECTION) {
    const { value, next } = number(at + 1);
    at = next + value;
    if (at >= module.length) throw new Error("the module has no memory section");
  }
  const size = number(at + 1);
  // One memory, with a least size and no most.
  if (module[size.next] !== 1 || module[size.next + 1] !== 0) throw new Error("the memory section is not as expected");
  const least = number(size.next + 2);
  const body = [1, 1, ...leb(least.value), ...leb(MAX_PAGES)];
  const section = Buffer.from([MEMORY_SECTION, ...leb(body.length), ...body]);
  writeFileSync(process.argv[1], Buffer.concat([module.subarray(0, at), section, module.subarray(least.next)]));
' "$work/engine.wasm"
sum=$(sha256sum <"$work/engine.wasm" | cut -d' ' -f1)

if $compare; then
  if [[ $sum == "$(recorded wasm)" ]]; then printf 'policy engine: the same bytes, %s\n' "$sum"; exit 0; fi
  printf 'policy engine: built %s, but the repository has %s\n' "$sum" "$(recorded wasm)" >&2
  exit 1
fi

node -e '
  const { brotliCompressSync, constants } = require("node:zlib");
  const { readFileSync, writeFileSync } = require("node:fs");
  const bytes = readFileSync(process.argv[1]);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  writeFileSync(process.argv[2], brotliCompressSync(bytes, { params }));
' "$work/engine.wasm" "$out/opa-engine.wasm.br"

{
  printf 'opa %s\n' "$(cd policy/engine && go list -m -f '{{.Version}}' github.com/open-policy-agent/opa)"
  printf 'go %s\n' "$version"
  printf 'wasm %s\n' "$sum"
  printf 'brotli %s\n' "$(sha256sum <"$out/opa-engine.wasm.br" | cut -d' ' -f1)"
} >"$out/opa-engine.sum"

rule=$(printf -- '-%.0s' {1..80})
shopt -s nocaseglob
licence() { # title, folder
  printf '%s\n%s\n%s\n' "$rule" "$1" "$rule"
  local found=false file
  for file in "$2"/licen[cs]e* "$2"/notice* "$2"/copying*; do
    [[ -f $file ]] || continue
    found=true
    cat "$file"
    printf '\n'
  done
  $found || { printf 'policy engine: no licence text in %s\n' "$2" >&2; return 1; }
}
{
  printf 'opa-engine.wasm contains the following Go modules.\n\n'
  licence "Go $version" "$(go env GOROOT)"
  (cd policy/engine && go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{"\t"}}{{.Dir}}{{end}}{{end}}' .) |
    LC_ALL=C sort -u | while IFS=$'\t' read -r title folder; do licence "$title" "$folder"; done
} >"$work/licences"
cp "$work/licences" "$out/opa-engine-licences.txt"
cat "$out/opa-engine.sum"
