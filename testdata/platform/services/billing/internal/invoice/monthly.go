package invoice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lockerline.dev/platform/pkg/postgres"
	"lockerline.dev/platform/services/billing/internal/ledger"
)

var unitCents = map[string]int64{"door-opening": 2, "sms": 7, "storage-hour": 1}

type voidedInvoice struct {
	TenantID string
	Number   string
}

// Monthly drafts the invoices of the month that ended.
type Monthly struct {
	pool  *pgxpool.Pool
	usage *ledger.Usage
	log   *slog.Logger
}

// NewMonthly wires the job.
func NewMonthly(pool *pgxpool.Pool, usage *ledger.Usage, log *slog.Logger) *Monthly {
	return &Monthly{pool: pool, usage: usage, log: log}
}

// Run looks at every tick whether a tenant still lacks last month's invoice.
func (m *Monthly) Run(ctx context.Context, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			if err := m.all(ctx, ledger.Month(now).AddDate(0, -1, 0)); err != nil {
				m.log.Error("monthly invoices failed", "error", err)
			}
		}
	}
}

func (m *Monthly) all(ctx context.Context, period time.Time) error {
	rows, err := m.pool.Query(ctx, `SELECT id FROM tenants WHERE status = 'active' ORDER BY id`)
	if err != nil {
		return fmt.Errorf("list tenants: %w", err)
	}
	tenants, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("list tenants: %w", err)
	}
	for _, tenantID := range tenants {
		if err := m.draft(ctx, tenantID, period); err != nil {
			m.log.Error("invoice not drafted", "tenant", tenantID, "error", err)
		}
	}
	if err := m.replaceVoided(ctx, period); err != nil {
		return err
	}
	return m.issue(ctx, period)
}

// replaceVoided drafts the invoices of the period again that were voided.
func (m *Monthly) replaceVoided(ctx context.Context, period time.Time) error {
	rows, err := m.pool.Query(ctx,
		`SELECT tenant_id, number FROM invoices WHERE period = $1 AND status = 'void'`, period)
	if err != nil {
		return fmt.Errorf("list voided invoices: %w", err)
	}
	voided, err := pgx.CollectRows(rows, pgx.RowToStructByPos[voidedInvoice])
	if err != nil {
		return fmt.Errorf("list voided invoices: %w", err)
	}
	for _, v := range voided {
		err := m.redraft(ctx, v.TenantID, v.Number+"-R", period)
		if err != nil && !errors.Is(err, postgres.ErrNotFound) {
			return err
		}
	}
	return nil
}

// draft writes one tenant's invoice unless the month has one.
func (m *Monthly) draft(ctx context.Context, tenantID string, period time.Time) error {
	totals, err := m.usage.Totals(ctx, tenantID, period)
	if err != nil || len(totals) == 0 {
		return err
	}
	if unusual, err := m.usage.Unusual(ctx, tenantID, period); err == nil && len(unusual) > 0 {
		m.log.Warn("unusual usage", "tenant", tenantID, "meters", len(unusual))
	}
	return postgres.InTx(ctx, m.pool, func(tx pgx.Tx) error {
		var id string
		err := tx.QueryRow(ctx, `
			INSERT INTO invoices (tenant_id, number, period)
			VALUES ($1, $2, $3)
			ON CONFLICT (tenant_id, period) DO NOTHING
			RETURNING id`, tenantID, period.Format("2006-01")+"-01", period).Scan(&id)
		if err != nil {
			return fmt.Errorf("insert invoice: %w", postgres.NotFound(err))
		}
		return m.fill(ctx, tx, id, totals)
	})
}

// redraft replaces a voided invoice; it is not found where a live one exists already.
func (m *Monthly) redraft(ctx context.Context, tenantID, number string, period time.Time) error {
	totals, err := m.usage.Totals(ctx, tenantID, period)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, m.pool, func(tx pgx.Tx) error {
		var id string
		err := tx.QueryRow(ctx, `
			INSERT INTO invoices (tenant_id, number, period)
			VALUES ($1, $2, $3)
			ON CONFLICT (tenant_id, period) WHERE status <> 'void' DO NOTHING
			RETURNING id`, tenantID, number, period).Scan(&id)
		if err != nil {
			return fmt.Errorf("insert invoice: %w", postgres.NotFound(err))
		}
		return m.fill(ctx, tx, id, totals)
	})
}

func (m *Monthly) fill(ctx context.Context, tx pgx.Tx, invoiceID string, totals []ledger.Total) error {
	var sum int64
	for _, t := range totals {
		unit := unitCents[t.Meter]
		_, err := tx.Exec(ctx, `
			INSERT INTO invoice_lines (invoice_id, description, meter, quantity, unit_cents, line_cents)
			VALUES ($1, $2, $3, $4, $5, $6)`, invoiceID, t.Meter, t.Meter, t.Quantity, unit, unit*t.Quantity)
		if err != nil {
			return fmt.Errorf("insert line: %w", err)
		}
		sum += unit * t.Quantity
	}
	if _, err := tx.Exec(ctx, `UPDATE invoices SET total_cents = $2 WHERE id = $1`, invoiceID, sum); err != nil {
		return fmt.Errorf("total of %s: %w", invoiceID, err)
	}
	return nil
}

// issue opens all drafts of the period.
func (m *Monthly) issue(ctx context.Context, period time.Time) error {
	tag, err := m.pool.Exec(ctx,
		`UPDATE invoices SET status = 'open', issued_at = now() WHERE period = $1 AND status = 'draft'`, period)
	if err != nil {
		return fmt.Errorf("issue: %w", err)
	}
	m.log.Info("invoices issued", "period", period, "count", tag.RowsAffected())
	return nil
}
