import { Queue } from "bullmq";
import { redis } from "./redis.js";

export interface NotificationJob {
  eventId: string;
  tenantId: string;
  kind: "parcel-stored" | "parcel-expired";
  subjectId: string;
  body: string;
}

export interface SmsJob {
  eventId: string;
  to: string;
  text: string;
}

export interface DeliveryJob {
  eventId: string;
  endpointId: string;
  url: string;
  payload: string;
}

export interface DigestJob {
  tenantId: string;
  recipient: string;
}

export const QUEUES = {
  notifications: "notifications",
  sms: "sms",
  deliveries: "webhook-deliveries",
  digests: "digests",
} as const;

const connection = redis;

export const notificationQueue = new Queue<NotificationJob>(QUEUES.notifications, { connection });
export const smsQueue = new Queue<SmsJob>(QUEUES.sms, { connection });
export const deliveryQueue = new Queue<DeliveryJob>(QUEUES.deliveries, { connection });
export const digestQueue = new Queue<DigestJob>(QUEUES.digests, { connection });
