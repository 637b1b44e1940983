package rpc

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	accountsv1 "lockerline.dev/platform/pkg/pb/accounts/v1"
	"lockerline.dev/platform/pkg/rpcerr"
)

const maxAuditPage = 200

// ListAuditEvents returns what happened lately.
func (s *Server) ListAuditEvents(ctx context.Context, req *accountsv1.ListAuditEventsRequest) (*accountsv1.ListAuditEventsResponse, error) {
	who, err := requireAdmin(ctx)
	if err != nil {
		return nil, err
	}
	size := int(req.GetPageSize())
	if size <= 0 || size > maxAuditPage {
		size = maxAuditPage
	}
	events, err := s.store.AuditEvents(ctx, who.TenantID, size)
	if err != nil {
		return nil, rpcerr.From(err)
	}
	out := &accountsv1.ListAuditEventsResponse{}
	for _, e := range events {
		event := &accountsv1.AuditEvent{
			Id: e.ID, Action: e.Action, Subject: e.Subject, OccurredAt: timestamppb.New(e.OccurredAt),
		}
		if e.ActorID != nil {
			event.ActorId = *e.ActorID
		}
		out.Events = append(out.Events, event)
	}
	return out, nil
}
