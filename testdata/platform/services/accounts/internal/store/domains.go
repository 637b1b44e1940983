package store

import (
	"context"
	"fmt"

	"lockerline.dev/platform/pkg/postgres"
)

// Domain is a hostname under which a tenant's pickup pages are served.
type Domain struct {
	ID       string
	TenantID string
	Hostname string
	Status   string
}

// DomainByID reads a domain of any tenant; callers compare the owner.
func (s *Store) DomainByID(ctx context.Context, id string) (Domain, error) {
	var d Domain
	err := s.pool.QueryRow(ctx,
		`SELECT id, tenant_id, hostname, status FROM custom_domains WHERE id = $1`, id,
	).Scan(&d.ID, &d.TenantID, &d.Hostname, &d.Status)
	if err != nil {
		return Domain{}, fmt.Errorf("domain %s: %w", id, postgres.NotFound(err))
	}
	return d, nil
}

// AddDomain records a new hostname.
func (s *Store) AddDomain(ctx context.Context, tenantID, hostname string) (Domain, error) {
	d := Domain{TenantID: tenantID, Hostname: hostname}
	err := s.pool.QueryRow(ctx,
		`INSERT INTO custom_domains (tenant_id, hostname) VALUES ($1, $2) RETURNING id, status`,
		tenantID, hostname,
	).Scan(&d.ID, &d.Status)
	if err != nil {
		return Domain{}, fmt.Errorf("add domain: %w", err)
	}
	return d, nil
}

// RenameDomain gives a domain another hostname.
func (s *Store) RenameDomain(ctx context.Context, tenantID, id, hostname string) error {
	tag, err := s.pool.Exec(ctx,
		`UPDATE custom_domains SET hostname = $3, status = 'pending' WHERE id = $1 AND tenant_id = $2`,
		id, tenantID, hostname)
	if err != nil {
		return fmt.Errorf("rename domain: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return postgres.ErrNotFound
	}
	return nil
}

// DeleteDomain forgets a hostname.
func (s *Store) DeleteDomain(ctx context.Context, tenantID, id string) error {
	tag, err := s.pool.Exec(ctx, `DELETE FROM custom_domains WHERE id = $1 AND tenant_id = $2`, id, tenantID)
	if err != nil {
		return fmt.Errorf("delete domain: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return postgres.ErrNotFound
	}
	return nil
}
