export type Role = "agent" | "admin" | "support";

/** Who is calling, taken from a verified session token. */
export interface Viewer {
  tenantId: string;
  userId: string;
  role: Role;
}
