package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lockerline.dev/platform/pkg/postgres"
	"lockerline.dev/platform/pkg/tenancy"
)

// AuditEvent is one thing somebody did.
type AuditEvent struct {
	ID         int64
	ActorID    *string
	Action     string
	Subject    string
	OccurredAt time.Time
}

// Record writes down what the caller did.
func (s *Store) Record(ctx context.Context, who tenancy.Identity, action, subject string) error {
	return postgres.InTenantTx(ctx, s.pool, who.TenantID, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx,
			`INSERT INTO audit_events (tenant_id, actor_id, action, subject) VALUES ($1, $2, $3, $4)`,
			who.TenantID, who.UserID, action, subject)
		if err != nil {
			return fmt.Errorf("record %s: %w", action, err)
		}
		return nil
	})
}

// AuditEvents lists the newest events. Row-level security leaves only the tenant's own.
func (s *Store) AuditEvents(ctx context.Context, tenantID string, limit int) ([]AuditEvent, error) {
	var events []AuditEvent
	err := postgres.InTenantTx(ctx, s.pool, tenantID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT id, actor_id, action, subject, occurred_at
			FROM audit_events
			ORDER BY occurred_at DESC
			LIMIT $1`, limit)
		if err != nil {
			return fmt.Errorf("list audit events: %w", err)
		}
		events, err = pgx.CollectRows(rows, pgx.RowToStructByPos[AuditEvent])
		return err
	})
	return events, err
}
