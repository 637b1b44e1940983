import { logger } from "@lockerline/shared";
import { startDeliveryWorker, startDigestWorker } from "./workers/deliveries.js";
import { scheduleDigests } from "./workers/digests.js";
import { startEventConsumer } from "./workers/events.js";
import { startNotificationWorker } from "./workers/notifications.js";
import { startSmsWorker } from "./workers/sms.js";

const HOUR = 3_600_000;

const workers = [startNotificationWorker(), startSmsWorker(), startDeliveryWorker(), startDigestWorker()];
const timer = setInterval(() => {
  scheduleDigests(new Date()).catch((error) => logger.error({ error }, "digests not scheduled"));
}, HOUR);

await startEventConsumer();

process.on("SIGTERM", async () => {
  clearInterval(timer);
  await Promise.all(workers.map((worker) => worker.close()));
  process.exit(0);
});
