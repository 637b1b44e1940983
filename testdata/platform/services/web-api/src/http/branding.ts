import { Router, type Request, type Response } from "express";
import { z } from "zod";
import { prisma } from "../db.js";
import { viewerOf } from "../lib/auth.js";

const brandingInput = z.object({
  displayName: z.string().min(1).max(80),
  primaryColor: z.string().regex(/^#[0-9a-f]{6}$/i),
  logoUrl: z.string().url().nullable(),
});

export const brandingRoutes = Router();

brandingRoutes.get("/internal/branding", async (req: Request, res: Response) => {
  const viewer = viewerOf(req);
  if (!viewer) {
    res.sendStatus(401);
    return;
  }
  const branding = await prisma.branding.findUnique({ where: { tenantId: viewer.tenantId } });
  res.json(branding ?? { displayName: "Lockerline", primaryColor: "#0f4c81", logoUrl: null });
});

brandingRoutes.put("/internal/branding", async (req: Request, res: Response) => {
  const viewer = viewerOf(req);
  if (viewer?.role !== "admin") {
    res.sendStatus(403);
    return;
  }
  const input = brandingInput.parse(req.body);
  const branding = await prisma.branding.upsert({
    where: { tenantId: viewer.tenantId },
    create: { tenantId: viewer.tenantId, ...input },
    update: input,
  });
  res.json(branding);
});
