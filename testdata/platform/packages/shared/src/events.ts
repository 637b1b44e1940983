import { env } from "./env.js";

export const TOPICS = {
  parcelStored: env("TOPIC_PARCEL_STORED", "parcel.stored.v1"),
  parcelExpired: env("TOPIC_PARCEL_EXPIRED", "parcel.expired.v1"),
  invoicePaid: env("TOPIC_INVOICE_PAID", "invoice.paid.v1"),
} as const;

/** Around every event. The producer picks `event_id` once, before it first tries to publish. */
export interface Envelope<T> {
  event_id: string;
  tenant_id: string;
  occurred_at: string;
  data: T;
}

export interface ParcelStored {
  parcel_id: string;
  recipient_phone: string;
  site_name: string;
  pickup_pin: string;
}

export interface ParcelExpired {
  parcel_id: string;
  fee_cents: number;
}

export function decodeEvent<T>(raw: Buffer | null): Envelope<T> {
  if (!raw) {
    throw new Error("event without a body");
  }
  return JSON.parse(raw.toString("utf8")) as Envelope<T>;
}
