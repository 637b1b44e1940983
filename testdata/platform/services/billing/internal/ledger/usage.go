package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Total is how much of a meter was used in a month.
type Total struct {
	Meter    string
	Quantity int64
}

// Usage reads and changes usage_totals.
type Usage struct {
	pool *pgxpool.Pool
}

// NewUsage wraps the pool.
func NewUsage(pool *pgxpool.Pool) *Usage {
	return &Usage{pool: pool}
}

// Month is the first day of the month.
func Month(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// Count adds to a meter.
func (u *Usage) Count(ctx context.Context, tenantID string, at time.Time, meter string, quantity int64) error {
	_, err := u.pool.Exec(ctx, `
		INSERT INTO usage_totals (tenant_id, period, meter, quantity)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (tenant_id, period, meter)
		DO UPDATE SET quantity = usage_totals.quantity + EXCLUDED.quantity`,
		tenantID, Month(at), meter, quantity)
	if err != nil {
		return fmt.Errorf("count %s: %w", meter, err)
	}
	return nil
}

// SetTotal stores the meter's total as the device reported it.
func (u *Usage) SetTotal(ctx context.Context, tenantID string, period time.Time, meter string, quantity int64) error {
	_, err := u.pool.Exec(ctx, `
		INSERT INTO usage_totals (tenant_id, period, meter, quantity)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (tenant_id, period, meter) DO UPDATE SET quantity = EXCLUDED.quantity`,
		tenantID, Month(period), meter, quantity)
	if err != nil {
		return fmt.Errorf("set total of %s: %w", meter, err)
	}
	return nil
}

// Totals lists the tenant's meters of a month.
func (u *Usage) Totals(ctx context.Context, tenantID string, period time.Time) ([]Total, error) {
	rows, err := u.pool.Query(ctx, `
		SELECT meter, quantity
		FROM usage_totals
		WHERE tenant_id = $1 AND period = $2
		ORDER BY meter`, tenantID, period)
	if err != nil {
		return nil, fmt.Errorf("totals of %s: %w", tenantID, err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Total])
}

// Unusual lists meters that are far above what the tenant uses in other months.
func (u *Usage) Unusual(ctx context.Context, tenantID string, period time.Time) ([]Total, error) {
	rows, err := u.pool.Query(ctx, `
		SELECT now_.meter, now_.quantity
		FROM usage_totals now_
		WHERE now_.tenant_id = $1 AND now_.period = $2
		  AND now_.quantity > (
			SELECT 3 * avg(past.quantity)
			FROM usage_totals past
			WHERE past.tenant_id = now_.tenant_id AND past.meter = now_.meter AND past.period < now_.period
		  )`, tenantID, period)
	if err != nil {
		return nil, fmt.Errorf("unusual usage of %s: %w", tenantID, err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Total])
}
