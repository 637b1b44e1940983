-- name: ListAPIKeys :many
SELECT id, label, scopes, created_at, last_used_at
FROM api_keys
WHERE tenant_id = $1 AND revoked_at IS NULL
ORDER BY created_at DESC;

-- name: CreateAPIKey :one
INSERT INTO api_keys (tenant_id, label, key_hash, scopes, created_by)
VALUES ($1, $2, $3, $4, $5)
RETURNING id, label, scopes, created_at, last_used_at;

-- name: RenameAPIKey :one
UPDATE api_keys
SET label = sqlc.arg(label)
WHERE id = sqlc.arg(id) AND tenant_id = sqlc.arg(tenant_id) AND revoked_at IS NULL
RETURNING id, label, scopes, created_at, last_used_at;

-- name: RevokeAPIKey :execrows
UPDATE api_keys
SET revoked_at = now()
WHERE id = $1 AND revoked_at IS NULL;

-- name: GetAPIKeyByHash :one
SELECT id, tenant_id, scopes
FROM api_keys
WHERE key_hash = $1 AND revoked_at IS NULL;

-- name: TouchAPIKey :exec
UPDATE api_keys
SET last_used_at = now()
WHERE id = $1;
