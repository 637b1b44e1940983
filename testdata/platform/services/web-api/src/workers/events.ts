import { Kafka } from "kafkajs";
import { decodeEvent, logger, TOPICS, type ParcelExpired, type ParcelStored } from "@lockerline/shared";
import { config } from "../config.js";
import { notificationQueue, smsQueue } from "../queues.js";

type Handler = (raw: Buffer | null) => Promise<void>;

const handlers: Record<string, Handler> = {
  [TOPICS.parcelStored]: async (raw) => {
    const event = decodeEvent<ParcelStored>(raw);
    const { parcel_id, recipient_phone, site_name, pickup_pin } = event.data;
    await notificationQueue.add(
      "parcel-stored",
      {
        eventId: event.event_id,
        tenantId: event.tenant_id,
        kind: "parcel-stored",
        subjectId: parcel_id,
        body: `A parcel was stored at ${site_name}`,
      },
      { jobId: event.event_id, attempts: 5 },
    );
    if (recipient_phone) {
      const text = `Your parcel is at ${site_name}. PIN ${pickup_pin}`;
      await smsQueue.add("pickup", { eventId: event.event_id, to: recipient_phone, text }, { jobId: event.event_id });
    }
  },
  [TOPICS.parcelExpired]: async (raw) => {
    const event = decodeEvent<ParcelExpired>(raw);
    await notificationQueue.add(
      "parcel-expired",
      {
        eventId: event.event_id,
        tenantId: event.tenant_id,
        kind: "parcel-expired",
        subjectId: event.data.parcel_id,
        body: "A parcel was not collected in time",
      },
      { jobId: event.event_id, attempts: 5 },
    );
  },
};

/** Turns platform events into jobs. */
export async function startEventConsumer(): Promise<void> {
  const kafka = new Kafka({ clientId: "web-api", brokers: config.brokers });
  const consumer = kafka.consumer({ groupId: "web-api" });
  await consumer.connect();
  await consumer.subscribe({ topics: Object.keys(handlers) });
  await consumer.run({
    eachMessage: async ({ topic, message }) => {
      const handler = handlers[topic];
      if (!handler) {
        logger.warn({ topic }, "no handler");
        return;
      }
      await handler(message.value);
    },
  });
}
