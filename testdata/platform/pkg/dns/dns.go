// Package dns manages the records that point customers' hostnames at our edge.
package dns

import (
	"context"
	"fmt"

	"github.com/cloudflare/cloudflare-go"
)

// Records is what services need of a DNS provider.
type Records interface {
	UpsertCNAME(ctx context.Context, hostname, target string) error
	Remove(ctx context.Context, hostname string) error
}

// Zone is one Cloudflare zone.
type Zone struct {
	api  *cloudflare.API
	zone *cloudflare.ResourceContainer
}

// NewZone authenticates against Cloudflare.
func NewZone(token, zoneID string) (*Zone, error) {
	api, err := cloudflare.NewWithAPIToken(token)
	if err != nil {
		return nil, fmt.Errorf("dns: %w", err)
	}
	return &Zone{api: api, zone: cloudflare.ZoneIdentifier(zoneID)}, nil
}

// UpsertCNAME points the hostname at the target.
func (z *Zone) UpsertCNAME(ctx context.Context, hostname, target string) error {
	id, err := z.find(ctx, hostname)
	if err != nil {
		return err
	}
	if id != "" {
		_, err = z.api.UpdateDNSRecord(ctx, z.zone, cloudflare.UpdateDNSRecordParams{ID: id, Content: target})
	} else {
		_, err = z.api.CreateDNSRecord(ctx, z.zone, cloudflare.CreateDNSRecordParams{
			Type: "CNAME", Name: hostname, Content: target, TTL: 300,
		})
	}
	if err != nil {
		return fmt.Errorf("dns: upsert %s: %w", hostname, err)
	}
	return nil
}

// Remove deletes the hostname's record; one that is gone already is fine.
func (z *Zone) Remove(ctx context.Context, hostname string) error {
	id, err := z.find(ctx, hostname)
	if err != nil || id == "" {
		return err
	}
	if err := z.api.DeleteDNSRecord(ctx, z.zone, id); err != nil {
		return fmt.Errorf("dns: remove %s: %w", hostname, err)
	}
	return nil
}

func (z *Zone) find(ctx context.Context, hostname string) (string, error) {
	records, _, err := z.api.ListDNSRecords(ctx, z.zone, cloudflare.ListDNSRecordsParams{Name: hostname})
	if err != nil {
		return "", fmt.Errorf("dns: find %s: %w", hostname, err)
	}
	if len(records) == 0 {
		return "", nil
	}
	return records[0].ID, nil
}
