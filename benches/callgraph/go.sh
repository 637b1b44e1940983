#!/usr/bin/env bash
# Compares the call graph of Go packages with that of golang.org/x/tools/cmd/callgraph (vta for what must be found, cha for what may be).
#
#   benches/callgraph/go.sh MODULE [PACKAGE...]     packages default to ./...
#
# Needs the Go toolchain, the module's dependencies, python3 and a built `betwixt` (BETWIXT=path).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
betwixt=$(realpath "${BETWIXT:-$here/../../target/release/betwixt}")
module=$(realpath "$1")
shift
[ $# -gt 0 ] || set -- ./...
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v go > /dev/null || { echo "no Go toolchain: nothing to compare with" >&2; exit 3; }
tool=${CALLGRAPH:-$(go env GOPATH)/bin/callgraph}
[ -x "$tool" ] || go install golang.org/x/tools/cmd/callgraph@latest

at='.Caller.Prog.Fset.Position'
for algorithm in vta cha; do
    (cd "$module" && "$tool" -algo="$algorithm" -format "{{$at .Caller.Pos}}	{{$at .Callee.Pos}}" "$@") |
        grep -P "^\Q$module\E/[^\t]*\t\Q$module\E/" | sed "s#$module/##g" | sort -u > "$work/$algorithm"
done
"$betwixt" graph edges "$module" | grep -v "	handed-on	" > "$work/ours"
python3 "$here/compare.py" "$work/ours" "$work/vta" --wider "$work/cha" --misses "${MISSES:-0}" --slack 0
