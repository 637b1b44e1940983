// Package config is the accounts service's configuration.
package config

import (
	"time"

	"lockerline.dev/platform/pkg/config"
)

// Config of the process.
type Config struct {
	Listen         string
	DatabaseURL    string
	MaxConns       int
	InternalSecret string
	DNSToken       string
	DNSZone        string
	EdgeHost       string
	RetentionDays  int
	RetentionEvery time.Duration
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
		Listen:         config.String("LISTEN", ":7001"),
		DatabaseURL:    url,
		MaxConns:       config.Int("DATABASE_MAX_CONNS", 10),
		InternalSecret: secret,
		DNSToken:       config.String("DNS_TOKEN", ""),
		DNSZone:        config.String("DNS_ZONE", ""),
		EdgeHost:       config.String("EDGE_HOST", "edge.lockerline.example"),
		RetentionDays:  config.Int("RETENTION_DAYS", 90),
		RetentionEvery: config.Duration("RETENTION_EVERY", 6*time.Hour),
	}, nil
}
