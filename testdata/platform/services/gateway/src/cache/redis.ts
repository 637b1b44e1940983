import { Redis } from "ioredis";
import { logger } from "@lockerline/shared";

export type KeyPart = string | number;

/**
 * Read-through cache. Losing Redis makes us slower, never wrong: every failure falls through to the loader.
 */
export class Cache {
  constructor(
    private readonly redis: Redis,
    private readonly prefix: string,
  ) {}

  async remember<T>(parts: KeyPart[], ttlSeconds: number, load: () => Promise<T>): Promise<T> {
    const key = this.keyOf(parts);
    const cached = await this.read<T>(key);
    if (cached !== undefined) {
      return cached;
    }
    const value = await load();
    await this.write(key, value, ttlSeconds);
    return value;
  }

  async forget(parts: KeyPart[]): Promise<void> {
    try {
      await this.redis.del(this.keyOf(parts));
    } catch (error) {
      logger.warn({ error }, "cache delete failed");
    }
  }

  private keyOf(parts: KeyPart[]): string {
    return [this.prefix, ...parts].join(":");
  }

  private async read<T>(key: string): Promise<T | undefined> {
    try {
      const raw = await this.redis.get(key);
      return raw === null ? undefined : (JSON.parse(raw) as T);
    } catch (error) {
      logger.warn({ error, key }, "cache read failed");
      return undefined;
    }
  }

  private async write(key: string, value: unknown, ttlSeconds: number): Promise<void> {
    try {
      await this.redis.set(key, JSON.stringify(value), "EX", ttlSeconds);
    } catch (error) {
      logger.warn({ error, key }, "cache write failed");
    }
  }
}
