-- Door events are counted for billing, so a row that arrives twice must stay one row.
CREATE TABLE IF NOT EXISTS lockerline.locker_events
(
    tenant_id   UUID,
    event_id    UUID,
    locker_id   UUID,
    kind        LowCardinality(String),
    occurred_at DateTime64(3),
    received_at DateTime64(3) DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(received_at)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (tenant_id, event_id);

-- Door openings per locker and hour.
CREATE TABLE IF NOT EXISTS lockerline.openings_hourly
(
    tenant_id UUID,
    locker_id UUID,
    hour      DateTime,
    openings  UInt64
)
ENGINE = SummingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (tenant_id, locker_id, hour);
