#!/usr/bin/env bash
# One scan in the forms that are wanted: annotations on standard output, SARIF, the body of a comment.
#
# Reads BETWIXT, SCAN_PATH, SCAN_ARGS (one a line), FAIL_ON, ANNOTATIONS, SARIF and COMMENT (files, or empty).
# The second form on costs little: what the first scan worked out is in the cache. Nothing of the inputs is evaluated.
set -uo pipefail

args=()
while IFS= read -r line; do
    [ -n "$line" ] && args+=("$line")
done <<< "${SCAN_ARGS:-}"

scan() {
    "${BETWIXT:-betwixt}" scan "${SCAN_PATH:-.}" --fail-on "${FAIL_ON:-high}" ${args[@]+"${args[@]}"} "$@"
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

if [ "${ANNOTATIONS:-true}" = true ]; then
    scan --format github
    worst $?
fi
if [ -n "${SARIF:-}" ]; then
    scan --format sarif --output "$SARIF"
    worst $?
fi
if [ -n "${COMMENT:-}" ]; then
    scan --format comment --output "$COMMENT"
    worst $?
fi
[ -n "${GITHUB_OUTPUT:-}" ] && echo "status=$status" >> "$GITHUB_OUTPUT"
exit "$status"
