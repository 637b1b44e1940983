// Package rpc is the gRPC face of the billing service.
package rpc

import (
	"context"
	"time"

	billingv1 "lockerline.dev/platform/pkg/pb/billing/v1"
	"lockerline.dev/platform/pkg/rpcerr"
	"lockerline.dev/platform/pkg/tenancy"
	"lockerline.dev/platform/services/billing/internal/invoice"
	"lockerline.dev/platform/services/billing/internal/ledger"
)

// Server implements BillingService.
type Server struct {
	billingv1.UnimplementedBillingServiceServer

	balances *ledger.Balances
	rates    *ledger.Rates
	invoices *invoice.Service
}

// NewServer wires the service.
func NewServer(balances *ledger.Balances, rates *ledger.Rates, invoices *invoice.Service) *Server {
	return &Server{balances: balances, rates: rates, invoices: invoices}
}

// GetBalance returns the caller's balance.
func (s *Server) GetBalance(ctx context.Context, _ *billingv1.GetBalanceRequest) (*billingv1.Balance, error) {
	tenantID, err := tenancy.ID(ctx)
	if err != nil {
		return nil, rpcerr.From(err)
	}
	balance, err := s.balances.Of(ctx, tenantID)
	if err != nil {
		return nil, rpcerr.From(err)
	}
	return &billingv1.Balance{BalanceCents: balance.Cents, Currency: balance.Currency}, nil
}

// AdjustBalance corrects a balance by hand; negative amounts are paid out.
func (s *Server) AdjustBalance(ctx context.Context, req *billingv1.AdjustBalanceRequest) (*billingv1.Balance, error) {
	who, err := tenancy.From(ctx)
	if err != nil {
		return nil, rpcerr.From(err)
	}
	if who.Role != tenancy.RoleSupport {
		return nil, rpcerr.Denied("support only")
	}
	if req.GetAmountCents() < 0 {
		if _, err := s.balances.Withdraw(ctx, who.TenantID, -req.GetAmountCents()); err != nil {
			return nil, rpcerr.From(err)
		}
		return s.GetBalance(ctx, &billingv1.GetBalanceRequest{})
	}
	balance, err := s.balances.Adjust(ctx, who.TenantID, req.GetAmountCents())
	if err != nil {
		return nil, rpcerr.From(err)
	}
	return &billingv1.Balance{BalanceCents: balance.Cents, Currency: balance.Currency}, nil
}

// QuoteParcel prices a parcel by the caller's own rates.
func (s *Server) QuoteParcel(ctx context.Context, req *billingv1.QuoteParcelRequest) (*billingv1.Quote, error) {
	tenantID, err := tenancy.ID(ctx)
	if err != nil {
		return nil, rpcerr.From(err)
	}
	rate, err := s.rates.Quote(ctx, tenantID, req.GetRateCode())
	if err != nil {
		return nil, rpcerr.From(err)
	}
	grace, err := s.rates.GraceHours(ctx, tenantID, req.GetRateCode())
	if err != nil {
		return nil, rpcerr.From(err)
	}
	late := max(int64(req.GetHours())-int64(grace), 0)
	return &billingv1.Quote{Label: rate.Label, PriceCents: rate.PriceCents + late}, nil
}

// ListCarriers returns the delivery companies we know.
func (s *Server) ListCarriers(ctx context.Context, _ *billingv1.ListCarriersRequest) (*billingv1.ListCarriersResponse, error) {
	carriers, err := s.rates.Carriers(ctx)
	if err != nil {
		return nil, rpcerr.From(err)
	}
	out := &billingv1.ListCarriersResponse{}
	for _, c := range carriers {
		out.Carriers = append(out.Carriers, &billingv1.Carrier{Code: c.Code, Name: c.Name})
	}
	return out, nil
}

// GetStatement lists a month's parcels with their prices.
func (s *Server) GetStatement(ctx context.Context, req *billingv1.GetStatementRequest) (*billingv1.Statement, error) {
	tenantID, err := tenancy.ID(ctx)
	if err != nil {
		return nil, rpcerr.From(err)
	}
	period, err := time.Parse("2006-01", req.GetPeriod())
	if err != nil {
		return nil, rpcerr.Invalid("period must look like 2026-01")
	}
	lines, open, err := s.invoices.Statement(ctx, tenantID, period)
	if err != nil {
		return nil, rpcerr.From(err)
	}
	out := &billingv1.Statement{OpenCents: open}
	for _, l := range lines {
		out.Lines = append(out.Lines, &billingv1.StatementLine{
			TrackingCode: l.TrackingCode, RateLabel: l.RateLabel, PriceCents: l.PriceCents,
		})
	}
	return out, nil
}
