import { tenantKey } from "../../cache/keys.js";
import type { Carrier, Invoice } from "../../clients/billing.js";
import type { Branding } from "../../clients/http.js";
import { requireAdmin, requireViewer, type Context } from "../context.js";

const HOUR = 3600;

function presentInvoice(invoice: Invoice) {
  return { ...invoice, totalCents: invoice.total_cents };
}

export const tenantQueries = {
  me(_: unknown, _args: unknown, ctx: Context) {
    return requireViewer(ctx);
  },

  carriers(_: unknown, _args: unknown, ctx: Context): Promise<Carrier[]> {
    const viewer = requireViewer(ctx);
    return ctx.cache.remember(["carriers"], HOUR, () => ctx.billing.listCarriers(viewer));
  },

  async balance(_: unknown, _args: unknown, ctx: Context) {
    const balance = await ctx.billing.getBalance(requireViewer(ctx));
    return { cents: balance.balance_cents, currency: balance.currency };
  },

  async invoices(_: unknown, args: { aboveAverage: boolean }, ctx: Context) {
    const invoices = await ctx.billing.listInvoices(requireViewer(ctx), args.aboveAverage);
    return invoices.map(presentInvoice);
  },

  async invoice(_: unknown, args: { id: string }, ctx: Context) {
    return presentInvoice(await ctx.billing.getInvoice(requireViewer(ctx), args.id));
  },

  branding(_: unknown, _args: unknown, ctx: Context): Promise<Branding> {
    const viewer = requireViewer(ctx);
    return ctx.cache.remember(tenantKey(viewer, "branding"), HOUR, () => ctx.webApi.branding(viewer));
  },
};

export const tenantMutations = {
  async updateBranding(_: unknown, args: { input: Branding }, ctx: Context): Promise<Branding> {
    const viewer = requireAdmin(ctx);
    const branding = await ctx.webApi.saveBranding(viewer, args.input);
    await ctx.cache.forget(tenantKey(viewer, "branding"));
    return branding;
  },

  addDomain(_: unknown, args: { hostname: string }, ctx: Context) {
    return ctx.accounts.addDomain(requireAdmin(ctx), args.hostname);
  },

  async removeDomain(_: unknown, args: { id: string }, ctx: Context): Promise<boolean> {
    await ctx.accounts.removeDomain(requireAdmin(ctx), args.id);
    return true;
  },
};
