CREATE TABLE prepaid_balances (
    tenant_id     uuid PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    balance_cents bigint      NOT NULL DEFAULT 0,
    currency      char(3)     NOT NULL DEFAULT 'EUR',
    updated_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE balance_entries (
    id           bigserial PRIMARY KEY,
    tenant_id    uuid        NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    event_id     text        NOT NULL UNIQUE,
    amount_cents bigint      NOT NULL,
    reason       text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE usage_totals (
    tenant_id uuid   NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    period    date   NOT NULL,
    meter     text   NOT NULL,
    quantity  bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, period, meter)
);

CREATE TABLE invoices (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id    uuid        NOT NULL REFERENCES tenants (id),
    number       text        NOT NULL,
    period       date        NOT NULL,
    status       text        NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'open', 'paid', 'void')),
    amount_cents bigint      NOT NULL DEFAULT 0,
    issued_at    timestamptz,
    paid_at      timestamptz,
    voided_at    timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, number)
);

-- A voided invoice may be issued again for the same month.
CREATE UNIQUE INDEX invoices_live_period_key ON invoices (tenant_id, period) WHERE status <> 'void';

CREATE TABLE invoice_lines (
    id          bigserial PRIMARY KEY,
    invoice_id  uuid   NOT NULL REFERENCES invoices (id) ON DELETE CASCADE,
    description text   NOT NULL,
    meter       text   NOT NULL,
    quantity    bigint NOT NULL,
    unit_cents  bigint NOT NULL,
    line_cents  bigint NOT NULL
);
