import { tenantKey } from "../../cache/keys.js";
import type { Locker, Site } from "../../clients/accounts.js";
import { requireAdmin, requireViewer, type Context } from "../context.js";

const SITES_TTL = 300;
const OCCUPANCY_TTL = 15;

interface SiteInput {
  name: string;
  timezone: string;
  doorCode: string;
}

export const siteQueries = {
  async sites(_: unknown, _args: unknown, ctx: Context): Promise<Site[]> {
    const viewer = requireViewer(ctx);
    return ctx.cache.remember(tenantKey(viewer, "sites"), SITES_TTL, () => ctx.accounts.listSites(viewer));
  },

  site(_: unknown, args: { id: string }, ctx: Context): Promise<Site> {
    return ctx.accounts.getSite(requireViewer(ctx), args.id);
  },

  async occupancy(_: unknown, _args: unknown, ctx: Context) {
    const viewer = requireViewer(ctx);
    return ctx.cache.remember(["occupancy"], OCCUPANCY_TTL, async () => {
      const sites = await ctx.accounts.listSites(viewer);
      return Promise.all(
        sites.map(async (site) => {
          const lockers = await ctx.accounts.listLockers(viewer, site.id);
          return { siteId: site.id, total: lockers.length, taken: lockers.filter((l) => l.status === "taken").length };
        }),
      );
    });
  },
};

export const siteMutations = {
  updateSite(_: unknown, args: { id: string; input: SiteInput }, ctx: Context): Promise<Site> {
    const viewer = requireAdmin(ctx);
    const { name, timezone, doorCode } = args.input;
    return ctx.accounts.updateSite(viewer, args.id, name, timezone, doorCode);
  },

  setLockerStatus(_: unknown, args: { id: string; status: string }, ctx: Context): Promise<Locker> {
    return ctx.accounts.setLockerStatus(requireAdmin(ctx), args.id, args.status);
  },
};

export const siteFields = {
  lockers(site: Site, _args: unknown, ctx: Context): Promise<Locker[]> {
    return ctx.accounts.listLockers(requireViewer(ctx), site.id);
  },
};
