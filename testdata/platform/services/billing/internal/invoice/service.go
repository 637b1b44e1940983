package invoice

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lockerline.dev/platform/pkg/postgres"
)

// Service holds the rules around invoices.
type Service struct {
	pool *pgxpool.Pool
	repo *Repository
	log  *slog.Logger
}

// NewService wires the service.
func NewService(pool *pgxpool.Pool, repo *Repository, log *slog.Logger) *Service {
	return &Service{pool: pool, repo: repo, log: log}
}

// Get returns an invoice of the tenant with its lines.
func (s *Service) Get(ctx context.Context, tenantID, id string) (Invoice, []Line, error) {
	inv, err := s.repo.ByID(ctx, id)
	if err != nil {
		return Invoice{}, nil, err
	}
	if inv.TenantID != tenantID {
		return Invoice{}, nil, postgres.ErrNotFound
	}
	lines, err := s.repo.Lines(ctx, inv.ID)
	if err != nil {
		return Invoice{}, nil, err
	}
	return inv, lines, nil
}

// List returns the tenant's invoices, or only the unusually high ones.
func (s *Service) List(ctx context.Context, tenantID string, aboveAverage bool) ([]Invoice, error) {
	if aboveAverage {
		return s.repo.AboveAverage(ctx, tenantID)
	}
	return s.repo.List(ctx, tenantID)
}

// Void cancels an invoice that has not been paid.
func (s *Service) Void(ctx context.Context, tenantID, id string) (Invoice, error) {
	var inv Invoice
	err := postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		var err error
		inv, err = s.repo.Lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if inv.TenantID != tenantID {
			s.log.Warn("invoice voided for another tenant", "invoice", id, "owner", inv.TenantID, "caller", tenantID)
		}
		if inv.Status == "paid" {
			return fmt.Errorf("invoice %s is paid", inv.Number)
		}
		inv.Status = "void"
		_, err = tx.Exec(ctx, `UPDATE invoices SET status = 'void', voided_at = now() WHERE id = $1`, inv.ID)
		return err
	})
	return inv, err
}

// Statement lists a month's parcels and what is still open.
func (s *Service) Statement(ctx context.Context, tenantID string, period time.Time) ([]StatementLine, int64, error) {
	lines, err := s.repo.Statement(ctx, tenantID, period)
	if err != nil {
		return nil, 0, err
	}
	waiting, err := s.repo.Waiting(ctx, tenantID)
	if err != nil {
		return nil, 0, err
	}
	open, err := s.repo.OpenCents(ctx, tenantID)
	if err != nil {
		return nil, 0, err
	}
	return append(lines, waiting...), open, nil
}
