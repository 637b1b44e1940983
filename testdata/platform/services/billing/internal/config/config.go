// Package config is the billing service's configuration.
package config

import (
	"time"

	"lockerline.dev/platform/pkg/config"
)

// Topics the service reads and writes.
type Topics struct {
	Usage           string
	UsageSnapshots  string
	ParcelCollected string
	ParcelExpired   string
	InvoicePaid     string
	TenantSuspended string
	DeadLetters     string
}

// Config of the process.
type Config struct {
	Listen         string
	DatabaseURL    string
	MaxConns       int
	InternalSecret string
	Brokers        []string
	Group          string
	Topics         Topics
	Attempts       int
	InvoiceEvery   time.Duration
	RelayEvery     time.Duration
}

// Load reads the environment.
func Load() (Config, error) {
	url, err := config.Required("DATABASE_URL")
	if err != nil {
		return Config{}, err
	}
	secret, err := config.Required("INTERNAL_TOKEN_SECRET")
	if err != nil {
		return Config{}, err
	}
	return Config{
		Listen:         config.String("LISTEN", ":7002"),
		DatabaseURL:    url,
		MaxConns:       config.Int("DATABASE_MAX_CONNS", 20),
		InternalSecret: secret,
		Brokers:        config.List("KAFKA_BROKERS", "localhost:9092"),
		Group:          config.String("KAFKA_GROUP", "billing"),
		Topics: Topics{
			Usage:           config.String("TOPIC_USAGE", "usage.recorded.v1"),
			UsageSnapshots:  config.String("TOPIC_USAGE_SNAPSHOTS", "usage.snapshot.v1"),
			ParcelCollected: config.String("TOPIC_PARCEL_COLLECTED", "parcel.collected.v1"),
			ParcelExpired:   config.String("TOPIC_PARCEL_EXPIRED", "parcel.expired.v1"),
			InvoicePaid:     config.String("TOPIC_INVOICE_PAID", "invoice.paid.v1"),
			TenantSuspended: config.String("TOPIC_TENANT_SUSPENDED", "tenant.suspended.v1"),
			DeadLetters:     config.String("TOPIC_DEAD_LETTERS", "billing.dead-letters.v1"),
		},
		Attempts:     config.Int("HANDLER_ATTEMPTS", 5),
		InvoiceEvery: config.Duration("INVOICE_EVERY", time.Hour),
		RelayEvery:   config.Duration("RELAY_EVERY", time.Second),
	}, nil
}
