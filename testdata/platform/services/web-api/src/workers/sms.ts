import { Worker } from "bullmq";
import { sendSms } from "../lib/sms.js";
import { QUEUES, type SmsJob } from "../queues.js";
import { redis } from "../redis.js";

const HOUR = 3600;

export function startSmsWorker(): Worker<SmsJob> {
  return new Worker<SmsJob>(
    QUEUES.sms,
    async (job) => {
      const { eventId, to, text } = job.data;
      await redis.set(`sms:${eventId}`, "1", "EX", HOUR, "NX");
      await sendSms(to, text);
    },
    { connection: redis, concurrency: 5, limiter: { max: 50, duration: 1000 } },
  );
}
