import type { Viewer } from "@lockerline/shared";
import type { KeyPart } from "./redis.js";

/** Key parts of something that belongs to the viewer's tenant. */
export function tenantKey(viewer: Viewer, ...parts: KeyPart[]): KeyPart[] {
  return ["t", viewer.tenantId, ...parts];
}
