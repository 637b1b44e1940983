import { z } from "zod";
import { prisma } from "../../db.js";
import { memberProcedure, router } from "../init.js";

export const notificationsRouter = router({
  list: memberProcedure.input(z.object({ unreadOnly: z.boolean().default(false) })).query(({ ctx, input }) =>
    prisma.notification.findMany({
      where: { tenantId: ctx.viewer.tenantId, ...(input.unreadOnly ? { readAt: null } : {}) },
      orderBy: { createdAt: "desc" },
      take: 100,
    }),
  ),

  markRead: memberProcedure
    .input(z.object({ ids: z.array(z.string().uuid()).max(100) }))
    .mutation(async ({ ctx, input }) => {
      const { count } = await prisma.notification.updateMany({
        where: { id: { in: input.ids }, tenantId: ctx.viewer.tenantId, readAt: null },
        data: { readAt: new Date() },
      });
      return { count };
    }),

  remove: memberProcedure
    .input(z.object({ ids: z.array(z.string().uuid()).max(100) }))
    .mutation(async ({ input }) => {
      const { count } = await prisma.notification.deleteMany({ where: { id: { in: input.ids } } });
      return { count };
    }),
});
