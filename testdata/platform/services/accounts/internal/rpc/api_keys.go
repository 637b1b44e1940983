package rpc

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	accountsv1 "lockerline.dev/platform/pkg/pb/accounts/v1"
	"lockerline.dev/platform/pkg/postgres"
	"lockerline.dev/platform/pkg/rpcerr"
	"lockerline.dev/platform/pkg/tenancy"
	"lockerline.dev/platform/services/accounts/internal/store/db"
)

func keyToProto(id, label string, scopes []string, created time.Time, used *time.Time) *accountsv1.ApiKey {
	key := &accountsv1.ApiKey{Id: id, Label: label, Scopes: scopes, CreatedAt: timestamppb.New(created)}
	if used != nil {
		key.LastUsedAt = timestamppb.New(*used)
	}
	return key
}

func hashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// ListApiKeys returns the tenant's live keys.
func (s *Server) ListApiKeys(ctx context.Context, _ *accountsv1.ListApiKeysRequest) (*accountsv1.ListApiKeysResponse, error) {
	tenantID, err := tenancy.ID(ctx)
	if err != nil {
		return nil, rpcerr.From(err)
	}
	rows, err := s.store.Queries.ListAPIKeys(ctx, tenantID)
	if err != nil {
		return nil, rpcerr.From(err)
	}
	out := &accountsv1.ListApiKeysResponse{}
	for _, k := range rows {
		out.Keys = append(out.Keys, keyToProto(k.ID, k.Label, k.Scopes, k.CreatedAt, k.LastUsedAt))
	}
	return out, nil
}

// CreateApiKey mints a key; its secret is shown once.
func (s *Server) CreateApiKey(ctx context.Context, req *accountsv1.CreateApiKeyRequest) (*accountsv1.CreateApiKeyResponse, error) {
	who, err := requireAdmin(ctx)
	if err != nil {
		return nil, err
	}
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return nil, rpcerr.From(err)
	}
	secret := "ll_" + base64.RawURLEncoding.EncodeToString(raw)
	k, err := s.store.Queries.CreateAPIKey(ctx, db.CreateAPIKeyParams{
		TenantID:  who.TenantID,
		Label:     req.GetLabel(),
		KeyHash:   hashSecret(secret),
		Scopes:    req.GetScopes(),
		CreatedBy: &who.UserID,
	})
	if err != nil {
		return nil, rpcerr.From(err)
	}
	s.record(ctx, who, "api_key.created", k.ID)
	return &accountsv1.CreateApiKeyResponse{
		Key:    keyToProto(k.ID, k.Label, k.Scopes, k.CreatedAt, k.LastUsedAt),
		Secret: secret,
	}, nil
}

// RenameApiKey changes a key's label.
func (s *Server) RenameApiKey(ctx context.Context, req *accountsv1.RenameApiKeyRequest) (*accountsv1.ApiKey, error) {
	who, err := requireAdmin(ctx)
	if err != nil {
		return nil, err
	}
	k, err := s.store.Queries.RenameAPIKey(ctx, db.RenameAPIKeyParams{
		Label: req.GetLabel(), ID: req.GetKeyId(), TenantID: who.TenantID,
	})
	if err != nil {
		return nil, rpcerr.From(postgres.NotFound(err))
	}
	return keyToProto(k.ID, k.Label, k.Scopes, k.CreatedAt, k.LastUsedAt), nil
}

// RevokeApiKey ends a key's life.
func (s *Server) RevokeApiKey(ctx context.Context, req *accountsv1.RevokeApiKeyRequest) (*accountsv1.RevokeApiKeyResponse, error) {
	who, err := requireAdmin(ctx)
	if err != nil {
		return nil, err
	}
	n, err := s.store.Queries.RevokeAPIKey(ctx, req.GetKeyId())
	if err != nil {
		return nil, rpcerr.From(err)
	}
	if n == 0 {
		return nil, rpcerr.NotFound()
	}
	s.record(ctx, who, "api_key.revoked", req.GetKeyId())
	return &accountsv1.RevokeApiKeyResponse{}, nil
}

// ResolveApiKey tells other services whose key it is.
func (s *Server) ResolveApiKey(ctx context.Context, req *accountsv1.ResolveApiKeyRequest) (*accountsv1.ResolveApiKeyResponse, error) {
	k, err := s.store.Queries.GetAPIKeyByHash(ctx, hashSecret(req.GetSecret()))
	if err != nil {
		return nil, rpcerr.From(postgres.NotFound(err))
	}
	if err := s.store.Queries.TouchAPIKey(ctx, k.ID); err != nil {
		s.log.Warn("last use not recorded", "key", k.ID, "error", err)
	}
	return &accountsv1.ResolveApiKeyResponse{TenantId: k.TenantID, Scopes: k.Scopes}, nil
}
