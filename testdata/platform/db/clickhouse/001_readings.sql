CREATE DATABASE IF NOT EXISTS lockerline;

-- One row per sensor sample.
CREATE TABLE IF NOT EXISTS lockerline.locker_readings
(
    tenant_id   UUID,
    locker_id   UUID,
    metric      LowCardinality(String),
    value       Float64,
    measured_at DateTime64(3)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(measured_at)
ORDER BY (tenant_id, locker_id, metric, measured_at)
TTL toDateTime(measured_at) + INTERVAL 13 MONTH;
