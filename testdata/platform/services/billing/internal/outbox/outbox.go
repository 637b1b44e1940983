// Package outbox publishes events that were stored together with the change they tell of.
package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lockerline.dev/platform/pkg/events"
	"lockerline.dev/platform/pkg/kafka"
	"lockerline.dev/platform/pkg/postgres"
)

// Add stores an event in the caller's transaction. The same event id is stored once.
func Add(ctx context.Context, tx pgx.Tx, topic string, env events.Envelope) error {
	payload, err := json.Marshal(env)
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO outbox (event_id, topic, message_key, payload)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (event_id) DO NOTHING`, env.EventID, topic, env.TenantID, payload)
	if err != nil {
		return fmt.Errorf("outbox: add %s: %w", env.EventID, err)
	}
	return nil
}

// Relay moves stored events to Kafka.
type Relay struct {
	pool     *pgxpool.Pool
	producer *kafka.Producer
	log      *slog.Logger
}

// NewRelay wraps the pool and the producer.
func NewRelay(pool *pgxpool.Pool, producer *kafka.Producer, log *slog.Logger) *Relay {
	return &Relay{pool: pool, producer: producer, log: log}
}

// Run relays until the context ends.
func (r *Relay) Run(ctx context.Context, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := r.batch(ctx); err != nil {
				r.log.Error("outbox batch failed", "error", err)
			}
		}
	}
}

type pending struct {
	ID      int64
	Topic   string
	Key     string
	Payload []byte
}

func (r *Relay) batch(ctx context.Context) error {
	return postgres.InTx(ctx, r.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT id, topic, message_key, payload
			FROM outbox
			WHERE published_at IS NULL
			ORDER BY id
			LIMIT 100
			FOR UPDATE SKIP LOCKED`)
		if err != nil {
			return fmt.Errorf("outbox: read: %w", err)
		}
		batch, err := pgx.CollectRows(rows, pgx.RowToStructByPos[pending])
		if err != nil {
			return fmt.Errorf("outbox: read: %w", err)
		}
		for _, p := range batch {
			if err := r.producer.Publish(ctx, p.Topic, p.Key, p.Payload, nil); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE outbox SET published_at = now() WHERE id = $1`, p.ID); err != nil {
				return fmt.Errorf("outbox: mark %d: %w", p.ID, err)
			}
		}
		return nil
	})
}
