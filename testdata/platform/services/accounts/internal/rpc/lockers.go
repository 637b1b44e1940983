package rpc

import (
	"context"

	accountsv1 "lockerline.dev/platform/pkg/pb/accounts/v1"
	"lockerline.dev/platform/pkg/rpcerr"
	"lockerline.dev/platform/services/accounts/internal/store"
)

var lockerStatuses = map[string]bool{"free": true, "reserved": true, "taken": true, "blocked": true}

func lockerToProto(l store.Locker) *accountsv1.Locker {
	return &accountsv1.Locker{
		Id: l.ID, SiteId: l.SiteID, Code: l.Code, Size: l.Size, Status: l.Status, FirmwareVersion: l.Firmware,
	}
}

// ListLockers returns the lockers of one of the caller's sites.
func (s *Server) ListLockers(ctx context.Context, req *accountsv1.ListLockersRequest) (*accountsv1.ListLockersResponse, error) {
	if err := s.requireSite(ctx, req.GetSiteId()); err != nil {
		return nil, err
	}
	lockers, err := s.store.LockersAtSite(ctx, req.GetSiteId())
	if err != nil {
		return nil, rpcerr.From(err)
	}
	out := &accountsv1.ListLockersResponse{}
	for _, locker := range lockers {
		out.Lockers = append(out.Lockers, lockerToProto(locker))
	}
	return out, nil
}

// SetLockerStatus blocks or frees a locker by hand.
func (s *Server) SetLockerStatus(ctx context.Context, req *accountsv1.SetLockerStatusRequest) (*accountsv1.Locker, error) {
	who, err := requireAdmin(ctx)
	if err != nil {
		return nil, err
	}
	if !lockerStatuses[req.GetStatus()] {
		return nil, rpcerr.Invalid("unknown status")
	}
	locker, err := s.store.SetLockerStatus(ctx, who.TenantID, req.GetLockerId(), req.GetStatus())
	if err != nil {
		return nil, rpcerr.From(err)
	}
	s.record(ctx, who, "locker."+req.GetStatus(), locker.ID)
	return lockerToProto(locker), nil
}
