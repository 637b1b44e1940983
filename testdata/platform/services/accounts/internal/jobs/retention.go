// Package jobs runs what no request asks for.
package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"lockerline.dev/platform/services/accounts/internal/store"
	"lockerline.dev/platform/services/accounts/internal/store/db"
)

// Retention deletes what has been kept long enough.
type Retention struct {
	store *store.Store
	days  int
	log   *slog.Logger
}

// NewRetention keeps removed rows for the given number of days.
func NewRetention(st *store.Store, days int, log *slog.Logger) *Retention {
	return &Retention{store: st, days: days, log: log}
}

// Run works at once and then at every tick.
func (r *Retention) Run(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if err := r.once(ctx); err != nil {
			r.log.Error("retention failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (r *Retention) once(ctx context.Context) error {
	users, err := r.store.Queries.PurgeRemovedUsers(ctx, int32(r.days))
	if err != nil {
		return fmt.Errorf("purge users: %w", err)
	}
	tenants, err := r.store.Queries.ListTenantPlans(ctx)
	if err != nil {
		return fmt.Errorf("list tenants: %w", err)
	}
	var keys int64
	for _, t := range tenants {
		n, err := r.store.Queries.PurgeRevokedKeys(ctx, db.PurgeRevokedKeysParams{
			TenantID: t.ID, Before: time.Now().Add(-r.keepFor(t.Plan)),
		})
		if err != nil {
			return fmt.Errorf("purge keys of %s: %w", t.ID, err)
		}
		keys += n
	}
	r.log.Info("retention done", "users", users, "keys", keys)
	return nil
}

func (r *Retention) keepFor(plan string) time.Duration {
	days := r.days
	if plan == "enterprise" {
		days *= 4
	}
	return time.Duration(days) * 24 * time.Hour
}
