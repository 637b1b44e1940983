package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lockerline.dev/platform/pkg/postgres"
	"lockerline.dev/platform/pkg/ttlcache"
)

// Rate is what a tenant charges for a parcel.
type Rate struct {
	Label      string
	PriceCents int64
}

// Carrier is a delivery company; all tenants share the list.
type Carrier struct {
	Code string
	Name string
}

// Rates looks up rate plans and remembers them for a while.
type Rates struct {
	pool     *pgxpool.Pool
	rates    *ttlcache.Cache[Rate]
	grace    *ttlcache.Cache[int]
	carriers *ttlcache.Cache[[]Carrier]
}

// NewRates wraps the pool.
func NewRates(pool *pgxpool.Pool) *Rates {
	return &Rates{
		pool:     pool,
		rates:    ttlcache.New[Rate](5*time.Minute, 10_000),
		grace:    ttlcache.New[int](5*time.Minute, 10_000),
		carriers: ttlcache.New[[]Carrier](time.Hour, 1),
	}
}

// Quote returns the tenant's rate with that code.
func (r *Rates) Quote(ctx context.Context, tenantID, code string) (Rate, error) {
	return r.rates.Fetch([]string{"rate", code}, func() (Rate, error) {
		var rate Rate
		err := r.pool.QueryRow(ctx,
			`SELECT label, price_cents FROM rate_plans WHERE tenant_id = $1 AND code = $2`, tenantID, code,
		).Scan(&rate.Label, &rate.PriceCents)
		if err != nil {
			return Rate{}, fmt.Errorf("rate %s: %w", code, postgres.NotFound(err))
		}
		return rate, nil
	})
}

// GraceHours returns how long a parcel may wait before it costs more.
func (r *Rates) GraceHours(ctx context.Context, tenantID, code string) (int, error) {
	return r.grace.Fetch([]string{"grace", tenantID, code}, func() (int, error) {
		var hours int
		err := r.pool.QueryRow(ctx,
			`SELECT grace_hours FROM rate_plans WHERE tenant_id = $1 AND code = $2`, tenantID, code,
		).Scan(&hours)
		if err != nil {
			return 0, fmt.Errorf("grace of %s: %w", code, postgres.NotFound(err))
		}
		return hours, nil
	})
}

// Carriers lists all delivery companies.
func (r *Rates) Carriers(ctx context.Context) ([]Carrier, error) {
	return r.carriers.Fetch([]string{"carriers"}, func() ([]Carrier, error) {
		rows, err := r.pool.Query(ctx, `SELECT code, name FROM carriers ORDER BY name`)
		if err != nil {
			return nil, fmt.Errorf("list carriers: %w", err)
		}
		return pgx.CollectRows(rows, pgx.RowToStructByPos[Carrier])
	})
}
