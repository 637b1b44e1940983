// Package rpc is the gRPC face of the accounts service.
package rpc

import (
	"context"
	"log/slog"

	"lockerline.dev/platform/pkg/dns"
	accountsv1 "lockerline.dev/platform/pkg/pb/accounts/v1"
	"lockerline.dev/platform/pkg/rpcerr"
	"lockerline.dev/platform/pkg/tenancy"
	"lockerline.dev/platform/services/accounts/internal/store"
)

// Server implements AccountsService.
type Server struct {
	accountsv1.UnimplementedAccountsServiceServer

	store *store.Store
	dns   dns.Records
	edge  string
	log   *slog.Logger
}

// NewServer wires the service; edge is the host that customers' domains point at.
func NewServer(st *store.Store, records dns.Records, edge string, log *slog.Logger) *Server {
	return &Server{store: st, dns: records, edge: edge, log: log}
}

// requireSite fails unless the site belongs to the caller's tenant.
func (s *Server) requireSite(ctx context.Context, siteID string) error {
	tenantID, err := tenancy.ID(ctx)
	if err != nil {
		return rpcerr.From(err)
	}
	owned, err := s.store.OwnsSite(ctx, tenantID, siteID)
	if err != nil {
		return rpcerr.From(err)
	}
	if !owned {
		return rpcerr.NotFound()
	}
	return nil
}

// requireAdmin returns the caller when they may administer their tenant.
func requireAdmin(ctx context.Context) (tenancy.Identity, error) {
	who, err := tenancy.From(ctx)
	if err != nil {
		return tenancy.Identity{}, rpcerr.From(err)
	}
	if who.Role != tenancy.RoleAdmin {
		return tenancy.Identity{}, rpcerr.Denied("administrators only")
	}
	return who, nil
}

// record writes the audit trail; a failure must not undo what has been done.
func (s *Server) record(ctx context.Context, who tenancy.Identity, action, subject string) {
	if err := s.store.Record(ctx, who, action, subject); err != nil {
		s.log.Error("audit event lost", "action", action, "tenant", who.TenantID, "error", err)
	}
}
