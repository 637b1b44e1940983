import { redis } from "../redis.js";

const DAY = 86_400;

/** True for the first caller with this key today, false for everybody after. */
export async function firstToday(key: string): Promise<boolean> {
  const reply = await redis.set(`once:${key}`, "1", "EX", DAY, "NX");
  return reply === "OK";
}
