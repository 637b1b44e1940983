import { env, envInt, requireEnv } from "@lockerline/shared";

export const config = {
  port: envInt("PORT", 4000),
  redisUrl: env("REDIS_URL", "redis://localhost:6379"),
  accountsAddress: env("ACCOUNTS_ADDRESS", "localhost:7001"),
  billingAddress: env("BILLING_ADDRESS", "localhost:7002"),
  searchUrl: env("SEARCH_URL", "http://localhost:7004"),
  webApiUrl: env("WEB_API_URL", "http://localhost:7003"),
  protoRoot: env("PROTO_ROOT", "../../proto"),
  schemaPath: env("GRAPHQL_SCHEMA", "../../graphql/schema.graphql"),
  sessionSecret: requireEnv("SESSION_SECRET"),
  internalSecret: requireEnv("INTERNAL_TOKEN_SECRET"),
};
