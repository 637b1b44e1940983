package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"lockerline.dev/platform/pkg/postgres"
)

// Site is a place with lockers.
type Site struct {
	ID       string
	TenantID string
	Name     string
	Timezone string
	Street   string
	City     string
	DoorCode string
}

const siteColumns = `id, tenant_id, name, timezone, street, city, door_code`

func scanSite(row pgx.Row) (Site, error) {
	var s Site
	err := row.Scan(&s.ID, &s.TenantID, &s.Name, &s.Timezone, &s.Street, &s.City, &s.DoorCode)
	return s, err
}

// Sites lists the tenant's sites by name.
func (s *Store) Sites(ctx context.Context, tenantID string) ([]Site, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+siteColumns+` FROM sites WHERE tenant_id = $1 ORDER BY name`, tenantID)
	if err != nil {
		return nil, fmt.Errorf("list sites: %w", err)
	}
	defer rows.Close()
	var sites []Site
	for rows.Next() {
		site, err := scanSite(rows)
		if err != nil {
			return nil, fmt.Errorf("scan site: %w", err)
		}
		sites = append(sites, site)
	}
	return sites, rows.Err()
}

// SiteByID reads one site.
func (s *Store) SiteByID(ctx context.Context, id string) (Site, error) {
	row := s.pool.QueryRow(ctx, `SELECT `+siteColumns+` FROM sites WHERE id = $1`, id)
	site, err := scanSite(row)
	if err != nil {
		return Site{}, fmt.Errorf("site %s: %w", id, postgres.NotFound(err))
	}
	return site, nil
}

// SiteChange is what may be edited.
type SiteChange struct {
	Name     string
	Timezone string
	DoorCode string
}

// UpdateSite changes one of the tenant's sites.
func (s *Store) UpdateSite(ctx context.Context, tenantID, id string, change SiteChange) (Site, error) {
	row := s.pool.QueryRow(ctx, `
		UPDATE sites
		SET name = $3, timezone = $4, door_code = $5, updated_at = now()
		WHERE id = $1 AND tenant_id = $2
		RETURNING `+siteColumns,
		id, tenantID, change.Name, change.Timezone, change.DoorCode)
	site, err := scanSite(row)
	if err != nil {
		return Site{}, fmt.Errorf("update site %s: %w", id, postgres.NotFound(err))
	}
	return site, nil
}

// OwnsSite says whether the site is the tenant's.
func (s *Store) OwnsSite(ctx context.Context, tenantID, siteID string) (bool, error) {
	var owned bool
	err := s.pool.QueryRow(ctx,
		`SELECT EXISTS (SELECT 1 FROM sites WHERE id = $1 AND tenant_id = $2)`, siteID, tenantID).Scan(&owned)
	if err != nil {
		return false, fmt.Errorf("site owner: %w", err)
	}
	return owned, nil
}
