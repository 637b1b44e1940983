-- Operators ("tenants") run networks of parcel lockers. Everything below belongs to one of them.
CREATE TABLE tenants (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    slug       text        NOT NULL UNIQUE,
    name       text        NOT NULL,
    plan       text        NOT NULL DEFAULT 'starter',
    status     text        NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'closed')),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE users (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id    uuid        NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    email        text        NOT NULL,
    display_name text        NOT NULL DEFAULT '',
    role         text        NOT NULL DEFAULT 'agent',
    created_at   timestamptz NOT NULL DEFAULT now(),
    deleted_at   timestamptz
);

-- An address may come back after its user was removed.
CREATE UNIQUE INDEX users_active_email_key ON users (tenant_id, lower(email)) WHERE deleted_at IS NULL;

CREATE TABLE api_keys (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id    uuid        NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    label        text        NOT NULL,
    key_hash     bytea       NOT NULL UNIQUE,
    scopes       text[]      NOT NULL DEFAULT '{}',
    created_by   uuid        REFERENCES users (id) ON DELETE SET NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at   timestamptz
);

CREATE INDEX api_keys_tenant_idx ON api_keys (tenant_id, created_at DESC);

CREATE TABLE sites (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id  uuid        NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name       text        NOT NULL,
    timezone   text        NOT NULL DEFAULT 'UTC',
    street     text        NOT NULL DEFAULT '',
    city       text        NOT NULL DEFAULT '',
    door_code  text        NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, name)
);

-- Lockers belong to a tenant through their site.
CREATE TABLE lockers (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    site_id          uuid        NOT NULL REFERENCES sites (id) ON DELETE CASCADE,
    code             text        NOT NULL,
    size             text        NOT NULL CHECK (size IN ('s', 'm', 'l', 'xl')),
    status           text        NOT NULL DEFAULT 'free',
    firmware_version text        NOT NULL DEFAULT '',
    last_seen_at     timestamptz,
    UNIQUE (site_id, code)
);

CREATE TABLE custom_domains (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id  uuid        NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    hostname   text        NOT NULL,
    status     text        NOT NULL DEFAULT 'pending',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX custom_domains_hostname_key ON custom_domains (lower(hostname));
