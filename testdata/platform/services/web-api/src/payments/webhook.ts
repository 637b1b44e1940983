import express, { Router, type Request, type Response } from "express";
import Stripe from "stripe";
import { logger } from "@lockerline/shared";
import { config } from "../config.js";
import { addCredit, downgrade, refundCredit } from "./credits.js";

const stripe = new Stripe(config.stripeKey);

export const paymentRoutes = Router();

paymentRoutes.post("/webhooks/stripe", express.raw({ type: "application/json" }), async (req: Request, res: Response) => {
  let event: Stripe.Event;
  try {
    const signature = req.headers["stripe-signature"] ?? "";
    event = stripe.webhooks.constructEvent(req.body, signature, config.stripeWebhookSecret);
  } catch (error) {
    logger.warn({ error }, "webhook with a bad signature");
    res.sendStatus(400);
    return;
  }
  await handlePaymentEvent(event);
  res.json({ received: true });
});

/** The provider repeats an event until it gets a 2xx answer, and sometimes after. */
export async function handlePaymentEvent(event: Stripe.Event): Promise<void> {
  switch (event.type) {
    case "payment_intent.succeeded": {
      const intent = event.data.object;
      await addCredit(tenantOf(intent.metadata), intent.amount_received);
      return;
    }
    case "charge.refunded": {
      const charge = event.data.object;
      await refundCredit(event.id, tenantOf(charge.metadata), charge.amount_refunded);
      return;
    }
    case "customer.subscription.deleted":
      await downgrade(tenantOf(event.data.object.metadata));
      return;
    default:
      logger.debug({ type: event.type }, "payment event ignored");
  }
}

function tenantOf(metadata: Stripe.Metadata): string {
  const tenantId = metadata.tenant_id;
  if (!tenantId) {
    throw new Error("payment without a tenant");
  }
  return tenantId;
}
