#!/usr/bin/env bash
# One scan in the forms that are wanted: annotations (or text) on standard output, SARIF, the body of a comment.
#
# Reads BETWIXT, SCAN_PATH, SCAN_BASE, SCAN_ARGS (one a line), FAIL_ON, ANNOTATIONS, SARIF and COMMENT (files, or empty).
# SARIF is of the whole tree, or code scanning would close the alerts that a change did not touch; the rest is of what
# came since SCAN_BASE, when there is one. What the first scan worked out is in the cache for the others. Nothing of
# the inputs is evaluated.
set -uo pipefail

args=()
while IFS= read -r line; do
    [ -n "$line" ] && args+=("$line")
done <<< "${SCAN_ARGS:-}"

change=()
[ -n "${SCAN_BASE:-}" ] && change=(--diff "$SCAN_BASE")

scan() {
    "${BETWIXT:-betwixt}" scan "${SCAN_PATH:-.}" ${args[@]+"${args[@]}"} "$@"
}

status=0
worst() {
    # Found is more than incomplete, and a wrong use more than both.
    case "$1:$status" in
        0:*) ;;
        *:2 | *:3) ;;
        2:* | 3:*) status=$1 ;;
        1:*) status=1 ;;
        *:0) status=$1 ;;
    esac
}

format=github
[ "${ANNOTATIONS:-true}" = true ] || format=text
scan ${change[@]+"${change[@]}"} --fail-on "${FAIL_ON:-high}" --format "$format"
worst $?
if [ -n "${SARIF:-}" ]; then
    # Whether to fail is decided above: what was there before must not fail a change.
    scan --fail-on none --format sarif --output "$SARIF"
    worst $?
fi
if [ -n "${COMMENT:-}" ]; then
    scan ${change[@]+"${change[@]}"} --fail-on "${FAIL_ON:-high}" --format comment --output "$COMMENT"
    worst $?
fi
[ -n "${GITHUB_OUTPUT:-}" ] && echo "status=$status" >> "$GITHUB_OUTPUT"
exit "$status"
