package rpc

import (
	"context"
	"strings"

	accountsv1 "lockerline.dev/platform/pkg/pb/accounts/v1"
	"lockerline.dev/platform/pkg/rpcerr"
	"lockerline.dev/platform/services/accounts/internal/store"
)

func domainToProto(d store.Domain) *accountsv1.Domain {
	return &accountsv1.Domain{Id: d.ID, Hostname: d.Hostname, Status: d.Status}
}

func cleanHostname(raw string) (string, error) {
	host := strings.ToLower(strings.TrimSuffix(strings.TrimSpace(raw), "."))
	if !strings.Contains(host, ".") || strings.ContainsAny(host, "/: ") {
		return "", rpcerr.Invalid("not a hostname")
	}
	return host, nil
}

// AddDomain points a hostname of the tenant at our edge.
func (s *Server) AddDomain(ctx context.Context, req *accountsv1.AddDomainRequest) (*accountsv1.Domain, error) {
	who, err := requireAdmin(ctx)
	if err != nil {
		return nil, err
	}
	host, err := cleanHostname(req.GetHostname())
	if err != nil {
		return nil, err
	}
	domain, err := s.store.AddDomain(ctx, who.TenantID, host)
	if err != nil {
		return nil, rpcerr.From(err)
	}
	if err := s.dns.UpsertCNAME(ctx, host, s.edge); err != nil {
		if derr := s.store.DeleteDomain(ctx, who.TenantID, domain.ID); derr != nil {
			s.log.Error("domain without record left behind", "domain", domain.ID, "error", derr)
		}
		return nil, rpcerr.From(err)
	}
	s.record(ctx, who, "domain.added", host)
	return domainToProto(domain), nil
}

// ReplaceDomain moves a domain to another hostname.
func (s *Server) ReplaceDomain(ctx context.Context, req *accountsv1.ReplaceDomainRequest) (*accountsv1.Domain, error) {
	who, err := requireAdmin(ctx)
	if err != nil {
		return nil, err
	}
	host, err := cleanHostname(req.GetHostname())
	if err != nil {
		return nil, err
	}
	domain, err := s.store.DomainByID(ctx, req.GetDomainId())
	if err != nil {
		return nil, rpcerr.From(err)
	}
	if domain.TenantID != who.TenantID {
		return nil, rpcerr.NotFound()
	}
	if err := s.dns.UpsertCNAME(ctx, host, s.edge); err != nil {
		return nil, rpcerr.From(err)
	}
	if err := s.store.RenameDomain(ctx, who.TenantID, domain.ID, host); err != nil {
		return nil, rpcerr.From(err)
	}
	if err := s.dns.Remove(ctx, domain.Hostname); err != nil {
		return nil, rpcerr.From(err)
	}
	s.record(ctx, who, "domain.replaced", host)
	domain.Hostname = host
	return domainToProto(domain), nil
}

// RemoveDomain gives a hostname up.
func (s *Server) RemoveDomain(ctx context.Context, req *accountsv1.RemoveDomainRequest) (*accountsv1.RemoveDomainResponse, error) {
	who, err := requireAdmin(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.store.DeleteDomain(ctx, who.TenantID, req.GetDomainId()); err != nil {
		return nil, rpcerr.From(err)
	}
	s.record(ctx, who, "domain.removed", req.GetDomainId())
	return &accountsv1.RemoveDomainResponse{}, nil
}
