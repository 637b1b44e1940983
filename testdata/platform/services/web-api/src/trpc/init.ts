import { initTRPC, TRPCError } from "@trpc/server";
import type { CreateExpressContextOptions } from "@trpc/server/adapters/express";
import { viewerOf } from "../lib/auth.js";

export function createContext({ req }: CreateExpressContextOptions) {
  return { viewer: viewerOf(req) };
}

const t = initTRPC.context<typeof createContext>().create();

const signedIn = t.middleware(({ ctx, next }) => {
  if (!ctx.viewer) {
    throw new TRPCError({ code: "UNAUTHORIZED" });
  }
  return next({ ctx: { viewer: ctx.viewer } });
});

const administrator = signedIn.unstable_pipe(({ ctx, next }) => {
  if (ctx.viewer.role !== "admin") {
    throw new TRPCError({ code: "FORBIDDEN" });
  }
  return next({ ctx });
});

export const router = t.router;
export const memberProcedure = t.procedure.use(signedIn);
export const adminProcedure = t.procedure.use(administrator);
