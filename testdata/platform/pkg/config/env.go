// Package config reads settings from the environment.
package config

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// String returns the variable, or the default where it is not set.
func String(name, fallback string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return fallback
}

// Required returns the variable, or an error where it is not set.
func Required(name string) (string, error) {
	v := os.Getenv(name)
	if v == "" {
		return "", fmt.Errorf("config: %s is not set", name)
	}
	return v, nil
}

// Int returns the variable as a number; anything unreadable is the default.
func Int(name string, fallback int) int {
	n, err := strconv.Atoi(os.Getenv(name))
	if err != nil {
		return fallback
	}
	return n
}

// Duration returns the variable as a duration; anything unreadable is the default.
func Duration(name string, fallback time.Duration) time.Duration {
	d, err := time.ParseDuration(os.Getenv(name))
	if err != nil {
		return fallback
	}
	return d
}

// List splits the variable at commas.
func List(name, fallback string) []string {
	var out []string
	for _, part := range strings.Split(String(name, fallback), ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}
