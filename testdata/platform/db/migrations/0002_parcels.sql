-- Carriers are the same for everybody.
CREATE TABLE carriers (
    code         text PRIMARY KEY,
    name         text NOT NULL,
    tracking_url text NOT NULL
);

-- Every tenant names its own rates; `standard` exists once per tenant.
CREATE TABLE rate_plans (
    tenant_id   uuid   NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    code        text   NOT NULL,
    label       text   NOT NULL,
    price_cents bigint NOT NULL,
    grace_hours int    NOT NULL DEFAULT 24,
    PRIMARY KEY (tenant_id, code)
);

CREATE TABLE parcels (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id       uuid        NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    site_id         uuid        NOT NULL REFERENCES sites (id),
    locker_id       uuid        REFERENCES lockers (id),
    carrier_code    text        REFERENCES carriers (code),
    rate_code       text        NOT NULL DEFAULT 'standard',
    tracking_code   text        NOT NULL,
    recipient_name  text        NOT NULL,
    recipient_phone text        NOT NULL DEFAULT '',
    status          text        NOT NULL DEFAULT 'announced',
    pickup_pin      text        NOT NULL DEFAULT '',
    stored_at       timestamptz,
    collected_at    timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (tenant_id, rate_code) REFERENCES rate_plans (tenant_id, code)
);

CREATE UNIQUE INDEX parcels_tracking_key ON parcels (tenant_id, tracking_code);
CREATE INDEX parcels_open_idx ON parcels (tenant_id, site_id) WHERE collected_at IS NULL;

CREATE TABLE parcel_events (
    id          bigserial PRIMARY KEY,
    parcel_id   uuid        NOT NULL REFERENCES parcels (id) ON DELETE CASCADE,
    kind        text        NOT NULL,
    detail      jsonb       NOT NULL DEFAULT '{}',
    occurred_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE saved_searches (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id  uuid        NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    user_id    uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name       text        NOT NULL,
    query      jsonb       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, user_id, name)
);
