import { Router, type Request, type Response } from "express";
import { viewerOf } from "../auth.js";
import type { Services } from "../graphql/context.js";

/** What the mobile app needs before it can speak GraphQL. */
export function viewerRoutes(services: Services): Router {
  const router = Router();

  router.get("/v1/home", async (req: Request, res: Response) => {
    const viewer = viewerOf(req.headers.authorization);
    if (!viewer) {
      res.status(401).json({ error: "sign in first" });
      return;
    }
    const home = await services.cache.remember(["home", viewer.userId], 60, async () => {
      const [branding, balance] = await Promise.all([
        services.webApi.branding(viewer),
        services.billing.getBalance(viewer),
      ]);
      return { branding, balanceCents: balance.balance_cents };
    });
    res.json(home);
  });

  return router;
}
