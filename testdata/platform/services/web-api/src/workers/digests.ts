import { prisma } from "../db.js";
import { digestQueue } from "../queues.js";

/** Every hour: asks for the digest of each tenant that wants it now. */
export async function scheduleDigests(now: Date): Promise<void> {
  const settings = await prisma.digestSetting.findMany({ where: { hour: now.getUTCHours() } });
  const day = now.toISOString().slice(0, 10);
  for (const { tenantId, recipient } of settings) {
    await digestQueue.add("digest", { tenantId, recipient }, { jobId: `digest-${tenantId}-${day}` });
  }
}
