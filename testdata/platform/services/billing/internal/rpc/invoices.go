package rpc

import (
	"context"

	billingv1 "lockerline.dev/platform/pkg/pb/billing/v1"
	"lockerline.dev/platform/pkg/rpcerr"
	"lockerline.dev/platform/pkg/tenancy"
	"lockerline.dev/platform/services/billing/internal/invoice"
)

func invoiceToProto(inv invoice.Invoice, lines []invoice.Line) *billingv1.Invoice {
	out := &billingv1.Invoice{
		Id: inv.ID, Number: inv.Number, Period: inv.Period.Format("2006-01"),
		Status: inv.Status, TotalCents: inv.TotalCents,
	}
	for _, l := range lines {
		out.Lines = append(out.Lines, &billingv1.InvoiceLine{
			Description: l.Description, Quantity: l.Quantity, LineCents: l.LineCents,
		})
	}
	return out
}

// ListInvoices returns the caller's invoices.
func (s *Server) ListInvoices(ctx context.Context, req *billingv1.ListInvoicesRequest) (*billingv1.ListInvoicesResponse, error) {
	tenantID, err := tenancy.ID(ctx)
	if err != nil {
		return nil, rpcerr.From(err)
	}
	invoices, err := s.invoices.List(ctx, tenantID, req.GetAboveAverage())
	if err != nil {
		return nil, rpcerr.From(err)
	}
	out := &billingv1.ListInvoicesResponse{}
	for _, inv := range invoices {
		out.Invoices = append(out.Invoices, invoiceToProto(inv, nil))
	}
	return out, nil
}

// GetInvoice returns one of the caller's invoices with its lines.
func (s *Server) GetInvoice(ctx context.Context, req *billingv1.GetInvoiceRequest) (*billingv1.Invoice, error) {
	tenantID, err := tenancy.ID(ctx)
	if err != nil {
		return nil, rpcerr.From(err)
	}
	inv, lines, err := s.invoices.Get(ctx, tenantID, req.GetInvoiceId())
	if err != nil {
		return nil, rpcerr.From(err)
	}
	return invoiceToProto(inv, lines), nil
}

// VoidInvoice cancels an invoice.
func (s *Server) VoidInvoice(ctx context.Context, req *billingv1.VoidInvoiceRequest) (*billingv1.Invoice, error) {
	who, err := tenancy.From(ctx)
	if err != nil {
		return nil, rpcerr.From(err)
	}
	if who.Role == tenancy.RoleAgent {
		return nil, rpcerr.Denied("agents may not void invoices")
	}
	inv, err := s.invoices.Void(ctx, who.TenantID, req.GetInvoiceId())
	if err != nil {
		return nil, rpcerr.From(err)
	}
	return invoiceToProto(inv, nil), nil
}
