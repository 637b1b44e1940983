// Package ttlcache is a small in-process cache with expiry.
package ttlcache

import (
	"strings"
	"sync"
	"time"
)

type entry[V any] struct {
	value   V
	expires time.Time
}

// Cache maps strings to values for a limited time.
type Cache[V any] struct {
	mu      sync.RWMutex
	entries map[string]entry[V]
	ttl     time.Duration
	max     int
}

// New makes a cache of at most max entries.
func New[V any](ttl time.Duration, max int) *Cache[V] {
	return &Cache[V]{entries: make(map[string]entry[V]), ttl: ttl, max: max}
}

// Get returns the value unless it is absent or too old.
func (c *Cache[V]) Get(key string) (V, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	e, ok := c.entries[key]
	if !ok || time.Now().After(e.expires) {
		var zero V
		return zero, false
	}
	return e.value, true
}

// Set stores the value. A full cache drops what has expired, then anything.
func (c *Cache[V]) Set(key string, value V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= c.max {
		c.evict()
	}
	c.entries[key] = entry[V]{value: value, expires: time.Now().Add(c.ttl)}
}

// Delete forgets the value.
func (c *Cache[V]) Delete(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}

func (c *Cache[V]) evict() {
	now := time.Now()
	for key, e := range c.entries {
		if now.After(e.expires) {
			delete(c.entries, key)
		}
	}
	for key := range c.entries {
		if len(c.entries) < c.max {
			return
		}
		delete(c.entries, key)
	}
}

// Fetch returns the cached value or loads and stores it. The parts become the key.
func (c *Cache[V]) Fetch(parts []string, load func() (V, error)) (V, error) {
	key := Key(parts...)
	if v, ok := c.Get(key); ok {
		return v, nil
	}
	v, err := load()
	if err != nil {
		return v, err
	}
	c.Set(key, v)
	return v, nil
}

// Key joins parts into one key.
func Key(parts ...string) string {
	return strings.Join(parts, "|")
}
