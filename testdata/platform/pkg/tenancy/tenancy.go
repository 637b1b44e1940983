// Package tenancy carries the authenticated caller through a request.
package tenancy

import (
	"context"
	"errors"
)

// Role is what a user may do within their tenant.
type Role string

const (
	RoleAgent   Role = "agent"
	RoleAdmin   Role = "admin"
	RoleSupport Role = "support"
)

// Identity is who is calling. It is built from a verified token only.
type Identity struct {
	TenantID string
	UserID   string
	Role     Role
}

// ErrNoIdentity means the request did not pass the interceptor.
var ErrNoIdentity = errors.New("tenancy: no identity in context")

type identityKey struct{}

// With returns a context that carries the identity.
func With(ctx context.Context, id Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, id)
}

// From returns the caller.
func From(ctx context.Context) (Identity, error) {
	id, ok := ctx.Value(identityKey{}).(Identity)
	if !ok || id.TenantID == "" {
		return Identity{}, ErrNoIdentity
	}
	return id, nil
}

// ID returns the caller's tenant.
func ID(ctx context.Context) (string, error) {
	id, err := From(ctx)
	if err != nil {
		return "", err
	}
	return id.TenantID, nil
}
