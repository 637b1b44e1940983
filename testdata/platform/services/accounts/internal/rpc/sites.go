package rpc

import (
	"context"

	accountsv1 "lockerline.dev/platform/pkg/pb/accounts/v1"
	"lockerline.dev/platform/pkg/rpcerr"
	"lockerline.dev/platform/pkg/tenancy"
	"lockerline.dev/platform/services/accounts/internal/store"
)

func siteToProto(s store.Site) *accountsv1.Site {
	return &accountsv1.Site{
		Id: s.ID, Name: s.Name, Timezone: s.Timezone, Street: s.Street, City: s.City, DoorCode: s.DoorCode,
	}
}

// ListSites returns all sites of the caller's tenant.
func (s *Server) ListSites(ctx context.Context, _ *accountsv1.ListSitesRequest) (*accountsv1.ListSitesResponse, error) {
	tenantID, err := tenancy.ID(ctx)
	if err != nil {
		return nil, rpcerr.From(err)
	}
	sites, err := s.store.Sites(ctx, tenantID)
	if err != nil {
		return nil, rpcerr.From(err)
	}
	out := &accountsv1.ListSitesResponse{}
	for _, site := range sites {
		out.Sites = append(out.Sites, siteToProto(site))
	}
	return out, nil
}

// GetSite returns one site.
func (s *Server) GetSite(ctx context.Context, req *accountsv1.GetSiteRequest) (*accountsv1.Site, error) {
	if req.GetSiteId() == "" {
		return nil, rpcerr.Invalid("site_id is required")
	}
	site, err := s.store.SiteByID(ctx, req.GetSiteId())
	if err != nil {
		return nil, rpcerr.From(err)
	}
	return siteToProto(site), nil
}

// UpdateSite changes one site.
func (s *Server) UpdateSite(ctx context.Context, req *accountsv1.UpdateSiteRequest) (*accountsv1.Site, error) {
	who, err := requireAdmin(ctx)
	if err != nil {
		return nil, err
	}
	site, err := s.store.UpdateSite(ctx, who.TenantID, req.GetSiteId(), store.SiteChange{
		Name: req.GetName(), Timezone: req.GetTimezone(), DoorCode: req.GetDoorCode(),
	})
	if err != nil {
		return nil, rpcerr.From(err)
	}
	s.record(ctx, who, "site.updated", site.ID)
	return siteToProto(site), nil
}
