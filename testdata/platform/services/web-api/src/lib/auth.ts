import type { Request } from "express";
import jwt from "jsonwebtoken";
import type { Role, Viewer } from "@lockerline/shared";
import { config } from "../config.js";

interface InternalClaims {
  sub: string;
  tid: string;
  role: Role;
}

/** The caller named by the gateway's token, or null. */
export function viewerOf(req: Request): Viewer | null {
  const header = req.headers.authorization;
  if (!header?.startsWith("Bearer ")) {
    return null;
  }
  try {
    const claims = jwt.verify(header.slice(7), config.internalSecret) as InternalClaims;
    return { userId: claims.sub, tenantId: claims.tid, role: claims.role };
  } catch {
    return null;
  }
}
