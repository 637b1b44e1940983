import type { Viewer } from "@lockerline/shared";
import { config } from "../config.js";
import { ServiceClient } from "./grpc.js";

export interface Balance {
  balance_cents: number;
  currency: string;
}

export interface Invoice {
  id: string;
  number: string;
  period: string;
  status: string;
  total_cents: number;
}

export interface Carrier {
  code: string;
  name: string;
}

export class BillingClient {
  private readonly service = new ServiceClient(
    "billing",
    "lockerline/billing/v1/billing.proto",
    "lockerline.billing.v1",
    "BillingService",
    config.billingAddress,
  );

  getBalance(viewer: Viewer): Promise<Balance> {
    return this.service.call<Balance>(viewer, "GetBalance", {});
  }

  async listCarriers(viewer: Viewer): Promise<Carrier[]> {
    const { carriers } = await this.service.call<{ carriers: Carrier[] }>(viewer, "ListCarriers", {});
    return carriers;
  }

  async listInvoices(viewer: Viewer, aboveAverage: boolean): Promise<Invoice[]> {
    const { invoices } = await this.service.call<{ invoices: Invoice[] }>(viewer, "ListInvoices", {
      above_average: aboveAverage,
    });
    return invoices;
  }

  getInvoice(viewer: Viewer, invoiceId: string): Promise<Invoice> {
    return this.service.call<Invoice>(viewer, "GetInvoice", { invoice_id: invoiceId });
  }
}
