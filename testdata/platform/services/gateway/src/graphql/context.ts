import { ForbiddenError, type Viewer } from "@lockerline/shared";
import type { Cache } from "../cache/redis.js";
import type { AccountsClient } from "../clients/accounts.js";
import type { BillingClient } from "../clients/billing.js";
import type { SearchClient, WebApiClient } from "../clients/http.js";

export interface Services {
  cache: Cache;
  accounts: AccountsClient;
  billing: BillingClient;
  search: SearchClient;
  webApi: WebApiClient;
}

export interface Context extends Services {
  viewer: Viewer | null;
}

/** The signed-in user; anonymous callers end here. */
export function requireViewer(ctx: Context): Viewer {
  if (!ctx.viewer) {
    throw new ForbiddenError("sign in first");
  }
  return ctx.viewer;
}

export function requireAdmin(ctx: Context): Viewer {
  const viewer = requireViewer(ctx);
  if (viewer.role !== "admin") {
    throw new ForbiddenError("administrators only");
  }
  return viewer;
}
