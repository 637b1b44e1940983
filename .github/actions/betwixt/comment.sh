#!/usr/bin/env bash
# Keeps one comment on a pull request: writes it, edits it in place, removes it when there is nothing to say.
#
# Reads GH_TOKEN, REPOSITORY (owner/name), PULL_REQUEST (its number) and BODY (a file that
# `betwixt scan --format comment` wrote; empty when there is nothing). Needs `gh`.
set -euo pipefail

[ -f "$BODY" ] || { echo "no body was written, so the comment stays as it is"; exit 0; }

# Ours is the one of a bot that starts with the marker; whoever else writes that keeps what they wrote.
mine='.[] | select(.user.type == "Bot" and (.body | startswith("<!-- betwixt: the comment of"))) | .id'
id=$(gh api --paginate "repos/$REPOSITORY/issues/$PULL_REQUEST/comments?per_page=100" --jq "$mine" | head -n 1)

if [ ! -s "$BODY" ]; then
    [ -z "$id" ] || gh api --method DELETE "repos/$REPOSITORY/issues/comments/$id"
elif [ -n "$id" ]; then
    gh api --method PATCH "repos/$REPOSITORY/issues/comments/$id" --field "body=@$BODY" --silent
else
    gh api --method POST "repos/$REPOSITORY/issues/$PULL_REQUEST/comments" --field "body=@$BODY" --silent
fi
