// Package rpcerr turns errors of our stores into gRPC statuses.
package rpcerr

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lockerline.dev/platform/pkg/postgres"
	"lockerline.dev/platform/pkg/tenancy"
)

// From maps an error; unknown ones are internal and keep their text to themselves.
func From(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, postgres.ErrNotFound):
		return status.Error(codes.NotFound, "not found")
	case errors.Is(err, tenancy.ErrNoIdentity):
		return status.Error(codes.Unauthenticated, "no identity")
	case errors.Is(err, context.DeadlineExceeded):
		return status.Error(codes.DeadlineExceeded, "too slow")
	default:
		return status.Error(codes.Internal, "internal error")
	}
}

// NotFound is for rows that belong to somebody else.
func NotFound() error {
	return status.Error(codes.NotFound, "not found")
}

// Denied is for callers without the role.
func Denied(why string) error {
	return status.Error(codes.PermissionDenied, why)
}

// Invalid is for requests that make no sense.
func Invalid(why string) error {
	return status.Error(codes.InvalidArgument, why)
}
