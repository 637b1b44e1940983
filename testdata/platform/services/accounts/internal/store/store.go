// Package store is the accounts service's data access.
package store

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"lockerline.dev/platform/services/accounts/internal/store/db"
)

// Store reads and writes the accounts tables.
type Store struct {
	pool *pgxpool.Pool
	// Queries are the statements sqlc generated from queries/*.sql.
	Queries *db.Queries
}

// New wraps the pool.
func New(pool *pgxpool.Pool) *Store {
	return &Store{pool: pool, Queries: db.New(pool)}
}
