import { Worker, type Job } from "bullmq";
import { prisma } from "../db.js";
import { QUEUES, type NotificationJob } from "../queues.js";
import { redis } from "../redis.js";

export function startNotificationWorker(): Worker<NotificationJob> {
  return new Worker<NotificationJob>(QUEUES.notifications, process, { connection: redis, concurrency: 10 });
}

async function process(job: Job<NotificationJob>): Promise<void> {
  switch (job.data.kind) {
    case "parcel-stored":
      return parcelStored(job.data);
    case "parcel-expired":
      return parcelExpired(job.data);
  }
}

async function parcelStored(data: NotificationJob): Promise<void> {
  const { tenantId, kind, subjectId, body } = data;
  await prisma.notification.create({ data: { tenantId, kind, subjectId, body } });
}

async function parcelExpired(data: NotificationJob): Promise<void> {
  const { eventId, tenantId, kind, subjectId, body } = data;
  await prisma.notification.upsert({
    where: { eventId },
    create: { eventId, tenantId, kind, subjectId, body },
    update: {},
  });
}
