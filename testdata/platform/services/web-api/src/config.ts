import { env, envInt, requireEnv } from "@lockerline/shared";

export const config = {
  port: envInt("PORT", 7003),
  redisUrl: env("REDIS_URL", "redis://localhost:6379"),
  brokers: env("KAFKA_BROKERS", "localhost:9092").split(","),
  internalSecret: requireEnv("INTERNAL_TOKEN_SECRET"),
  stripeKey: requireEnv("STRIPE_SECRET_KEY"),
  stripeWebhookSecret: requireEnv("STRIPE_WEBHOOK_SECRET"),
  smsUrl: env("SMS_URL", "https://sms.invalid/v1/messages"),
  smsToken: env("SMS_TOKEN", ""),
};
