import type { Parcel } from "../../clients/http.js";
import { requireViewer, type Context } from "../context.js";

const PARCEL_TTL = 30;
const MAX_PAGE = 100;

interface ParcelsArgs {
  text?: string;
  siteId?: string;
  first: number;
}

function present(parcel: Parcel) {
  return {
    id: parcel.id,
    trackingCode: parcel.tracking_code,
    recipientName: parcel.recipient_name,
    status: parcel.status,
    storedAt: parcel.stored_at,
  };
}

export const parcelQueries = {
  async parcel(_: unknown, args: { trackingCode: string }, ctx: Context) {
    const viewer = requireViewer(ctx);
    const code = args.trackingCode.trim().toUpperCase();
    const parcel = await ctx.cache.remember(["parcel", code], PARCEL_TTL, () => ctx.search.parcel(viewer, code));
    return present(parcel);
  },

  async parcels(_: unknown, args: ParcelsArgs, ctx: Context) {
    const viewer = requireViewer(ctx);
    const text = args.text?.trim() ?? "";
    const siteId = args.siteId ?? "";
    const first = Math.min(args.first, MAX_PAGE);
    const page = await ctx.cache.remember(["parcels", viewer.tenantId, siteId, text, first], PARCEL_TTL, () =>
      ctx.search.parcels(viewer, text, siteId, first),
    );
    return { total: page.total, items: page.items.map(present) };
  },
};
