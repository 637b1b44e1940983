// Package events holds what travels over the topics.
package events

import (
	"encoding/json"
	"fmt"
	"time"
)

// Envelope is around every event. Producers choose the id once, before the first attempt to publish.
type Envelope struct {
	EventID    string          `json:"event_id"`
	TenantID   string          `json:"tenant_id"`
	OccurredAt time.Time       `json:"occurred_at"`
	Data       json.RawMessage `json:"data"`
}

// UsageRecorded says that a tenant used something that costs money.
type UsageRecorded struct {
	Meter     string `json:"meter"`
	Quantity  int64  `json:"quantity"`
	CostCents int64  `json:"cost_cents"`
}

// UsageSnapshot is the total of a meter since the start of the month.
type UsageSnapshot struct {
	Period   time.Time `json:"period"`
	Meter    string    `json:"meter"`
	Quantity int64     `json:"quantity"`
}

// ParcelCollected says that a recipient emptied a locker.
type ParcelCollected struct {
	ParcelID  string `json:"parcel_id"`
	FeeCents  int64  `json:"fee_cents"`
	HeldHours int    `json:"held_hours"`
}

// ParcelExpired says that nobody came.
type ParcelExpired struct {
	ParcelID string `json:"parcel_id"`
	FeeCents int64  `json:"fee_cents"`
}

// InvoicePaid says that money for an invoice arrived.
type InvoicePaid struct {
	InvoiceID  string `json:"invoice_id"`
	BonusCents int64  `json:"bonus_cents"`
}

// TenantSuspended says that a tenant must not be served until further notice.
type TenantSuspended struct {
	Reason string `json:"reason"`
}

// Decode reads the envelope and its data.
func Decode[T any](raw []byte) (Envelope, T, error) {
	var env Envelope
	var data T
	if err := json.Unmarshal(raw, &env); err != nil {
		return env, data, fmt.Errorf("events: envelope: %w", err)
	}
	if err := json.Unmarshal(env.Data, &data); err != nil {
		return env, data, fmt.Errorf("events: data: %w", err)
	}
	return env, data, nil
}
