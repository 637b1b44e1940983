import { Prisma } from "@prisma/client";
import { logger } from "@lockerline/shared";
import { prisma } from "../db.js";

/** Puts money that arrived on the tenant's account. */
export async function addCredit(tenantId: string, cents: number): Promise<void> {
  await prisma.creditAccount.update({
    where: { tenantId },
    data: { cents: { increment: cents } },
  });
  logger.info({ tenantId, cents }, "credit added");
}

/** Takes refunded money off the account, once per event. */
export async function refundCredit(eventId: string, tenantId: string, cents: number): Promise<void> {
  try {
    await prisma.$transaction(async (tx) => {
      await tx.paymentEvent.create({ data: { tenantId, providerEventId: eventId, amountCents: -cents } });
      await tx.creditAccount.update({ where: { tenantId }, data: { cents: { decrement: cents } } });
    });
  } catch (error) {
    if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === "P2002") {
      logger.info({ eventId }, "refund already booked");
      return;
    }
    throw error;
  }
}

/** The subscription ended. */
export async function downgrade(tenantId: string): Promise<void> {
  await prisma.creditAccount.update({ where: { tenantId }, data: { plan: "starter" } });
}
