package store

import (
	"context"
	"fmt"

	"lockerline.dev/platform/pkg/postgres"
)

// Locker is one compartment.
type Locker struct {
	ID       string
	SiteID   string
	Code     string
	Size     string
	Status   string
	Firmware string
}

// LockersAtSite lists a site's lockers. Callers check whose site it is.
func (s *Store) LockersAtSite(ctx context.Context, siteID string) ([]Locker, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT id, site_id, code, size, status, firmware_version
		FROM lockers
		WHERE site_id = $1
		ORDER BY code`, siteID)
	if err != nil {
		return nil, fmt.Errorf("list lockers: %w", err)
	}
	defer rows.Close()
	var lockers []Locker
	for rows.Next() {
		var l Locker
		if err := rows.Scan(&l.ID, &l.SiteID, &l.Code, &l.Size, &l.Status, &l.Firmware); err != nil {
			return nil, fmt.Errorf("scan locker: %w", err)
		}
		lockers = append(lockers, l)
	}
	return lockers, rows.Err()
}

// SetLockerStatus changes a locker at one of the tenant's sites.
func (s *Store) SetLockerStatus(ctx context.Context, tenantID, lockerID, status string) (Locker, error) {
	var l Locker
	err := s.pool.QueryRow(ctx, `
		UPDATE lockers l
		SET status = $3
		FROM sites s
		WHERE l.id = $1 AND s.id = l.site_id AND s.tenant_id = $2
		RETURNING l.id, l.site_id, l.code, l.size, l.status, l.firmware_version`,
		lockerID, tenantID, status,
	).Scan(&l.ID, &l.SiteID, &l.Code, &l.Size, &l.Status, &l.Firmware)
	if err != nil {
		return Locker{}, fmt.Errorf("locker %s: %w", lockerID, postgres.NotFound(err))
	}
	return l, nil
}
