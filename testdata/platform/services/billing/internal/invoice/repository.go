// Package invoice writes, reads and voids invoices.
package invoice

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lockerline.dev/platform/pkg/postgres"
)

// Invoice is one month's bill.
type Invoice struct {
	ID         string
	TenantID   string
	Number     string
	Period     time.Time
	Status     string
	TotalCents int64
}

// Line is one position of an invoice.
type Line struct {
	Description string
	Quantity    int64
	LineCents   int64
}

// StatementLine is one parcel with what it costs.
type StatementLine struct {
	TrackingCode string
	RateLabel    string
	PriceCents   int64
}

const columns = `id, tenant_id, number, period, status, total_cents`

// Repository reads and writes the invoice tables.
type Repository struct {
	pool *pgxpool.Pool
}

// NewRepository wraps the pool.
func NewRepository(pool *pgxpool.Pool) *Repository {
	return &Repository{pool: pool}
}

// ByID reads an invoice of any tenant; the service compares the owner.
func (r *Repository) ByID(ctx context.Context, id string) (Invoice, error) {
	rows, err := r.pool.Query(ctx, `SELECT `+columns+` FROM invoices WHERE id = $1`, id)
	if err != nil {
		return Invoice{}, fmt.Errorf("invoice %s: %w", id, err)
	}
	inv, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Invoice])
	return inv, postgres.NotFound(err)
}

// Lock reads an invoice and holds it until the transaction ends.
func (r *Repository) Lock(ctx context.Context, tx pgx.Tx, id string) (Invoice, error) {
	rows, err := tx.Query(ctx, `SELECT `+columns+` FROM invoices WHERE id = $1 FOR UPDATE`, id)
	if err != nil {
		return Invoice{}, fmt.Errorf("invoice %s: %w", id, err)
	}
	inv, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Invoice])
	return inv, postgres.NotFound(err)
}

// Lines lists an invoice's positions.
func (r *Repository) Lines(ctx context.Context, invoiceID string) ([]Line, error) {
	rows, err := r.pool.Query(ctx, `
		SELECT description, quantity, line_cents
		FROM invoice_lines
		WHERE invoice_id = $1
		ORDER BY id`, invoiceID)
	if err != nil {
		return nil, fmt.Errorf("lines of %s: %w", invoiceID, err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Line])
}

// List returns the tenant's invoices, newest first.
func (r *Repository) List(ctx context.Context, tenantID string) ([]Invoice, error) {
	rows, err := r.pool.Query(ctx,
		`SELECT `+columns+` FROM invoices WHERE tenant_id = $1 ORDER BY period DESC`, tenantID)
	if err != nil {
		return nil, fmt.Errorf("list invoices: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Invoice])
}

// AboveAverage returns the tenant's invoices that are higher than usual.
func (r *Repository) AboveAverage(ctx context.Context, tenantID string) ([]Invoice, error) {
	rows, err := r.pool.Query(ctx, `
		SELECT id, tenant_id, number, period, status, total_cents
		FROM invoices
		WHERE tenant_id = $1
		  AND total_cents > (SELECT avg(total_cents) FROM invoices WHERE status <> 'void')
		ORDER BY period DESC`, tenantID)
	if err != nil {
		return nil, fmt.Errorf("list high invoices: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Invoice])
}

// Statement lists what was collected in a month, with its rate.
func (r *Repository) Statement(ctx context.Context, tenantID string, period time.Time) ([]StatementLine, error) {
	rows, err := r.pool.Query(ctx, `
		SELECT p.tracking_code, r.label, r.price_cents
		FROM parcels p
		JOIN rate_plans r ON r.code = p.rate_code
		WHERE p.tenant_id = $1 AND p.collected_at >= $2 AND p.collected_at < $2 + interval '1 month'
		ORDER BY p.collected_at`, tenantID, period)
	if err != nil {
		return nil, fmt.Errorf("statement: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[StatementLine])
}

// Waiting lists parcels that are still in a locker, with where and at which rate.
func (r *Repository) Waiting(ctx context.Context, tenantID string) ([]StatementLine, error) {
	rows, err := r.pool.Query(ctx, `
		SELECT p.tracking_code, s.name || ', ' || r.label, r.price_cents
		FROM parcels p
		JOIN sites s ON s.id = p.site_id
		JOIN rate_plans r ON r.tenant_id = p.tenant_id AND r.code = p.rate_code
		WHERE p.tenant_id = $1 AND p.collected_at IS NULL
		ORDER BY p.stored_at`, tenantID)
	if err != nil {
		return nil, fmt.Errorf("waiting parcels: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[StatementLine])
}

// OpenCents sums what the tenant still owes.
func (r *Repository) OpenCents(ctx context.Context, tenantID string) (int64, error) {
	var cents int64
	err := r.pool.QueryRow(ctx,
		`SELECT coalesce(sum(amount_cents), 0) FROM invoices WHERE tenant_id = $1 AND status = 'open'`, tenantID,
	).Scan(&cents)
	if err != nil {
		return 0, fmt.Errorf("open amount: %w", err)
	}
	return cents, nil
}
