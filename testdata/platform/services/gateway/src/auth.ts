import jwt from "jsonwebtoken";
import type { Role, Viewer } from "@lockerline/shared";
import { config } from "./config.js";

interface SessionClaims {
  sub: string;
  tid: string;
  role: Role;
}

/** The signed-in user named by an `Authorization` header, or null. */
export function viewerOf(header: string | null | undefined): Viewer | null {
  if (!header?.startsWith("Bearer ")) {
    return null;
  }
  try {
    const claims = jwt.verify(header.slice(7), config.sessionSecret) as SessionClaims;
    return { userId: claims.sub, tenantId: claims.tid, role: claims.role };
  } catch {
    return null;
  }
}

/** A token that the services behind the gateway accept for one minute. */
export function internalToken(viewer: Viewer): string {
  return jwt.sign({ tid: viewer.tenantId, role: viewer.role }, config.internalSecret, {
    subject: viewer.userId,
    expiresIn: 60,
  });
}
