import { Worker } from "bullmq";
import { logger } from "@lockerline/shared";
import { prisma } from "../db.js";
import { firstToday } from "../lib/once.js";
import { QUEUES, type DeliveryJob, type DigestJob } from "../queues.js";
import { redis } from "../redis.js";
import { sendSms } from "../lib/sms.js";

export function startDeliveryWorker(): Worker<DeliveryJob> {
  return new Worker<DeliveryJob>(
    QUEUES.deliveries,
    async (job) => {
      const { eventId, endpointId, url, payload } = job.data;
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", "x-event-id": eventId },
        body: payload,
      });
      await prisma.webhookDelivery.upsert({
        where: { endpointId_eventId: { endpointId, eventId } },
        create: { endpointId, eventId, payload: JSON.parse(payload), status: String(response.status) },
        update: { status: String(response.status) },
      });
    },
    { connection: redis, concurrency: 20 },
  );
}

export function startDigestWorker(): Worker<DigestJob> {
  return new Worker<DigestJob>(
    QUEUES.digests,
    async (job) => {
      const { tenantId, recipient } = job.data;
      if (!(await firstToday(`digest:${tenantId}`))) {
        logger.info({ tenantId }, "digest was sent already");
        return;
      }
      const unread = await prisma.notification.count({ where: { tenantId, readAt: null } });
      await sendSms(recipient, `${unread} unread notifications`);
    },
    { connection: redis },
  );
}
