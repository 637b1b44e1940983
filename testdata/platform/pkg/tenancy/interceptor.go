package tenancy

import (
	"context"
	"strings"

	"github.com/golang-jwt/jwt/v5"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// claims of the short-lived tokens the gateway mints for calls between services.
type claims struct {
	TenantID string `json:"tid"`
	Role     string `json:"role"`
	jwt.RegisteredClaims
}

// UnaryInterceptor verifies the bearer token and puts the identity into the context. Methods listed as open are
// reachable without a token; they are called by other services before a tenant is known.
func UnaryInterceptor(secret []byte, open ...string) grpc.UnaryServerInterceptor {
	skip := make(map[string]bool, len(open))
	for _, method := range open {
		skip[method] = true
	}
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		if skip[info.FullMethod] {
			return next(ctx, req)
		}
		id, err := authenticate(ctx, secret)
		if err != nil {
			return nil, status.Error(codes.Unauthenticated, err.Error())
		}
		return next(With(ctx, id), req)
	}
}

func authenticate(ctx context.Context, secret []byte) (Identity, error) {
	md, ok := metadata.FromIncomingContext(ctx)
	if !ok {
		return Identity{}, ErrNoIdentity
	}
	header := md.Get("authorization")
	if len(header) == 0 {
		return Identity{}, ErrNoIdentity
	}
	var c claims
	token := strings.TrimPrefix(header[0], "Bearer ")
	_, err := jwt.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return secret, nil },
		jwt.WithValidMethods([]string{"HS256"}))
	if err != nil {
		return Identity{}, err
	}
	return Identity{TenantID: c.TenantID, UserID: c.Subject, Role: Role(c.Role)}, nil
}
