// Package ledger keeps what tenants have paid in advance and what they used.
package ledger

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lockerline.dev/platform/pkg/postgres"
)

// Balance is a tenant's prepaid money.
type Balance struct {
	Cents    int64
	Currency string
}

// Balances reads and changes prepaid_balances.
type Balances struct {
	pool *pgxpool.Pool
}

// NewBalances wraps the pool.
func NewBalances(pool *pgxpool.Pool) *Balances {
	return &Balances{pool: pool}
}

// Of returns the tenant's balance.
func (b *Balances) Of(ctx context.Context, tenantID string) (Balance, error) {
	var out Balance
	err := b.pool.QueryRow(ctx,
		`SELECT balance_cents, currency FROM prepaid_balances WHERE tenant_id = $1`, tenantID,
	).Scan(&out.Cents, &out.Currency)
	if err != nil {
		return Balance{}, fmt.Errorf("balance of %s: %w", tenantID, postgres.NotFound(err))
	}
	return out, nil
}

// Deduct takes money from the tenant's balance.
func (b *Balances) Deduct(ctx context.Context, tenantID string, cents int64) error {
	tag, err := b.pool.Exec(ctx, `
		UPDATE prepaid_balances
		SET balance_cents = balance_cents - $2, updated_at = now()
		WHERE tenant_id = $1`, tenantID, cents)
	if err != nil {
		return fmt.Errorf("deduct from %s: %w", tenantID, err)
	}
	if tag.RowsAffected() == 0 {
		return postgres.ErrNotFound
	}
	return nil
}

// ChargeOnce books an event's fee. An event that was booked before changes nothing.
func (b *Balances) ChargeOnce(ctx context.Context, tenantID, eventID string, cents int64, reason string) error {
	return postgres.InTx(ctx, b.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			INSERT INTO balance_entries (tenant_id, event_id, amount_cents, reason)
			VALUES ($1, $2, $3, $4)
			ON CONFLICT (event_id) DO NOTHING`, tenantID, eventID, -cents, reason)
		if err != nil {
			return fmt.Errorf("book %s: %w", eventID, err)
		}
		if tag.RowsAffected() == 0 {
			return nil
		}
		return Add(ctx, tx, tenantID, -cents)
	})
}

// Add changes the balance inside the caller's transaction.
func Add(ctx context.Context, tx pgx.Tx, tenantID string, cents int64) error {
	_, err := tx.Exec(ctx, `
		UPDATE prepaid_balances
		SET balance_cents = balance_cents + $2, updated_at = now()
		WHERE tenant_id = $1`, tenantID, cents)
	if err != nil {
		return fmt.Errorf("change balance of %s: %w", tenantID, err)
	}
	return nil
}

// Adjust corrects a balance by hand. It never goes below zero.
func (b *Balances) Adjust(ctx context.Context, tenantID string, cents int64) (Balance, error) {
	current, err := b.Of(ctx, tenantID)
	if err != nil {
		return Balance{}, err
	}
	next := max(current.Cents+cents, 0)
	_, err = b.pool.Exec(ctx,
		`UPDATE prepaid_balances SET balance_cents = $2, updated_at = now() WHERE tenant_id = $1`, tenantID, next)
	if err != nil {
		return Balance{}, fmt.Errorf("adjust balance of %s: %w", tenantID, err)
	}
	return Balance{Cents: next, Currency: current.Currency}, nil
}

// Withdraw pays money out, at most what is there. It returns how much that was.
func (b *Balances) Withdraw(ctx context.Context, tenantID string, cents int64) (int64, error) {
	var taken int64
	err := postgres.InTx(ctx, b.pool, func(tx pgx.Tx) error {
		var current int64
		err := tx.QueryRow(ctx,
			`SELECT balance_cents FROM prepaid_balances WHERE tenant_id = $1 FOR UPDATE`, tenantID,
		).Scan(&current)
		if err != nil {
			return fmt.Errorf("lock balance of %s: %w", tenantID, postgres.NotFound(err))
		}
		taken = max(min(cents, current), 0)
		_, err = tx.Exec(ctx,
			`UPDATE prepaid_balances SET balance_cents = $2, updated_at = now() WHERE tenant_id = $1`,
			tenantID, current-taken)
		if err != nil {
			return fmt.Errorf("withdraw from %s: %w", tenantID, err)
		}
		return nil
	})
	return taken, err
}
