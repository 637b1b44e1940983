// Package consume holds what billing does with events of other services.
package consume

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lockerline.dev/platform/pkg/events"
	"lockerline.dev/platform/pkg/kafka"
	"lockerline.dev/platform/pkg/postgres"
	"lockerline.dev/platform/services/billing/internal/config"
	"lockerline.dev/platform/services/billing/internal/ledger"
	"lockerline.dev/platform/services/billing/internal/outbox"
)

// TopicBalanceCredited tells the other services that a balance grew.
const TopicBalanceCredited = "balance.credited.v1"

// Handlers of all topics.
type Handlers struct {
	pool     *pgxpool.Pool
	balances *ledger.Balances
	usage    *ledger.Usage
	log      *slog.Logger
}

// New wires the handlers.
func New(pool *pgxpool.Pool, balances *ledger.Balances, usage *ledger.Usage, log *slog.Logger) *Handlers {
	return &Handlers{pool: pool, balances: balances, usage: usage, log: log}
}

// Register ties every topic to its handler.
func (h *Handlers) Register(c *kafka.Consumer, topics config.Topics, dlq kafka.DeadLetter) {
	table := map[string]kafka.Handler{
		topics.Usage:           h.usageRecorded,
		topics.UsageSnapshots:  h.usageSnapshot,
		topics.ParcelCollected: h.parcelCollected,
		topics.ParcelExpired:   h.parcelExpired,
		topics.InvoicePaid:     h.invoicePaid,
		topics.TenantSuspended: h.tenantSuspended,
	}
	for topic, handler := range table {
		c.AddHandler(topic, dlq.Wrap(topic, handler))
	}
}

// usageRecorded meters what was used and takes its price from the prepaid balance.
func (h *Handlers) usageRecorded(ctx context.Context, msg kafka.Message) error {
	env, usage, err := events.Decode[events.UsageRecorded](msg.Value)
	if err != nil {
		return err
	}
	if err := h.usage.Count(ctx, env.TenantID, env.OccurredAt, usage.Meter, usage.Quantity); err != nil {
		return err
	}
	if usage.CostCents == 0 {
		return nil
	}
	return h.balances.Deduct(ctx, env.TenantID, usage.CostCents)
}

// usageSnapshot takes over a total that a device kept itself.
func (h *Handlers) usageSnapshot(ctx context.Context, msg kafka.Message) error {
	env, snapshot, err := events.Decode[events.UsageSnapshot](msg.Value)
	if err != nil {
		return err
	}
	return h.usage.SetTotal(ctx, env.TenantID, snapshot.Period, snapshot.Meter, snapshot.Quantity)
}

// parcelCollected charges the pickup fee.
func (h *Handlers) parcelCollected(ctx context.Context, msg kafka.Message) error {
	env, parcel, err := events.Decode[events.ParcelCollected](msg.Value)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, h.pool, func(tx pgx.Tx) error {
		first, err := h.firstTime(ctx, tx, "parcel-collected", env.EventID)
		if err != nil || !first {
			return err
		}
		return ledger.Add(ctx, tx, env.TenantID, -parcel.FeeCents)
	})
}

// parcelExpired charges for a parcel nobody fetched.
func (h *Handlers) parcelExpired(ctx context.Context, msg kafka.Message) error {
	env, parcel, err := events.Decode[events.ParcelExpired](msg.Value)
	if err != nil {
		return err
	}
	return h.balances.ChargeOnce(ctx, env.TenantID, env.EventID, parcel.FeeCents, "expired "+parcel.ParcelID)
}

// invoicePaid closes the invoice and grants the bonus that comes with it.
func (h *Handlers) invoicePaid(ctx context.Context, msg kafka.Message) error {
	env, paid, err := events.Decode[events.InvoicePaid](msg.Value)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, h.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			UPDATE invoices
			SET status = 'paid', paid_at = now()
			WHERE id = $1 AND tenant_id = $2 AND status = 'open'`, paid.InvoiceID, env.TenantID)
		if err != nil {
			return fmt.Errorf("close invoice %s: %w", paid.InvoiceID, err)
		}
		if tag.RowsAffected() == 0 {
			h.log.Info("invoice was not open", "invoice", paid.InvoiceID)
			return nil
		}
		if err := ledger.Add(ctx, tx, env.TenantID, paid.BonusCents); err != nil {
			return err
		}
		return outbox.Add(ctx, tx, TopicBalanceCredited, events.Envelope{
			EventID: "credited-" + env.EventID, TenantID: env.TenantID, OccurredAt: env.OccurredAt, Data: env.Data,
		})
	})
}

// tenantSuspended stops a tenant.
func (h *Handlers) tenantSuspended(ctx context.Context, msg kafka.Message) error {
	env, suspended, err := events.Decode[events.TenantSuspended](msg.Value)
	if err != nil {
		return err
	}
	h.log.Info("tenant suspended", "tenant", env.TenantID, "reason", suspended.Reason)
	_, err = h.pool.Exec(ctx, `UPDATE tenants SET status = 'suspended' WHERE id = $1`, env.TenantID)
	if err != nil {
		return fmt.Errorf("suspend %s: %w", env.TenantID, err)
	}
	return nil
}

// firstTime records the event for the consumer and says whether it is new.
func (h *Handlers) firstTime(ctx context.Context, tx pgx.Tx, consumer, eventID string) (bool, error) {
	tag, err := tx.Exec(ctx, `
		INSERT INTO processed_events (consumer, event_id)
		VALUES ($1, $2)
		ON CONFLICT DO NOTHING`, consumer, eventID)
	if err != nil {
		return false, fmt.Errorf("record event %s: %w", eventID, err)
	}
	return tag.RowsAffected() == 1, nil
}
