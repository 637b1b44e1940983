import { Redis } from "ioredis";
import { config } from "./config.js";

/** BullMQ wants connections that never give up. */
export const redis = new Redis(config.redisUrl, { maxRetriesPerRequest: null });
