-- name: PurgeRemovedUsers :execrows
DELETE FROM users
WHERE deleted_at < now() - make_interval(days => sqlc.arg(keep_days)::int);

-- name: ListTenantPlans :many
SELECT id, plan
FROM tenants
WHERE status = 'active'
ORDER BY id;

-- name: PurgeRevokedKeys :execrows
DELETE FROM api_keys
WHERE tenant_id = sqlc.arg(tenant_id) AND revoked_at < sqlc.arg(before)::timestamptz;
