import { randomBytes } from "node:crypto";
import { TRPCError } from "@trpc/server";
import { z } from "zod";
import { prisma } from "../../db.js";
import { deliveryQueue } from "../../queues.js";
import { adminProcedure, memberProcedure, router } from "../init.js";

const publicFields = { id: true, url: true, enabled: true, createdAt: true } as const;

/** The endpoint, provided that it is the tenant's. */
async function requireEndpoint(tenantId: string, id: string) {
  const endpoint = await prisma.webhookEndpoint.findFirst({ where: { id, tenantId } });
  if (!endpoint) {
    throw new TRPCError({ code: "NOT_FOUND" });
  }
  return endpoint;
}

export const webhooksRouter = router({
  list: memberProcedure.query(({ ctx }) =>
    prisma.webhookEndpoint.findMany({
      where: { tenantId: ctx.viewer.tenantId },
      orderBy: { createdAt: "asc" },
      select: publicFields,
    }),
  ),

  create: adminProcedure.input(z.object({ url: z.string().url() })).mutation(({ ctx, input }) =>
    prisma.webhookEndpoint.create({
      data: { tenantId: ctx.viewer.tenantId, url: input.url, secret: randomBytes(24).toString("hex") },
    }),
  ),

  setEnabled: adminProcedure
    .input(z.object({ id: z.string().uuid(), enabled: z.boolean() }))
    .mutation(({ input }) =>
      prisma.webhookEndpoint.update({
        where: { id: input.id },
        data: { enabled: input.enabled },
        select: publicFields,
      }),
    ),

  changeUrl: adminProcedure
    .input(z.object({ id: z.string().uuid(), url: z.string().url() }))
    .mutation(async ({ ctx, input }) => {
      const { count } = await prisma.webhookEndpoint.updateMany({
        where: { id: input.id, tenantId: ctx.viewer.tenantId },
        data: { url: input.url },
      });
      if (count === 0) {
        throw new TRPCError({ code: "NOT_FOUND" });
      }
    }),

  rotateSecret: adminProcedure.input(z.object({ id: z.string().uuid() })).mutation(async ({ ctx, input }) => {
    const endpoint = await prisma.webhookEndpoint.findUnique({ where: { id: input.id } });
    if (!endpoint || endpoint.tenantId !== ctx.viewer.tenantId) {
      throw new TRPCError({ code: "NOT_FOUND" });
    }
    const secret = randomBytes(24).toString("hex");
    await prisma.webhookEndpoint.update({ where: { id: endpoint.id }, data: { secret } });
    return { secret };
  }),

  deliveries: memberProcedure.input(z.object({ endpointId: z.string().uuid() })).query(async ({ ctx, input }) => {
    const endpoint = await requireEndpoint(ctx.viewer.tenantId, input.endpointId);
    return prisma.webhookDelivery.findMany({
      where: { endpointId: endpoint.id },
      orderBy: { createdAt: "desc" },
      take: 50,
    });
  }),

  redeliver: adminProcedure.input(z.object({ deliveryId: z.string().uuid() })).mutation(async ({ ctx, input }) => {
    const delivery = await prisma.webhookDelivery.findFirst({
      where: { id: input.deliveryId, endpoint: { tenantId: ctx.viewer.tenantId } },
      include: { endpoint: true },
    });
    if (!delivery) {
      throw new TRPCError({ code: "NOT_FOUND" });
    }
    await deliveryQueue.add("redeliver", {
      eventId: delivery.eventId,
      endpointId: delivery.endpointId,
      url: delivery.endpoint.url,
      payload: JSON.stringify(delivery.payload),
    });
  }),
});
