import express, { type NextFunction, type Request, type Response } from "express";
import { createYoga } from "graphql-yoga";
import { Redis } from "ioredis";
import { isAppError, logger } from "@lockerline/shared";
import { viewerOf } from "./auth.js";
import { Cache } from "./cache/redis.js";
import { AccountsClient } from "./clients/accounts.js";
import { BillingClient } from "./clients/billing.js";
import { SearchClient, WebApiClient } from "./clients/http.js";
import { config } from "./config.js";
import type { Context, Services } from "./graphql/context.js";
import { schema } from "./graphql/schema.js";
import { viewerRoutes } from "./rest/viewer.js";

const services: Services = {
  cache: new Cache(new Redis(config.redisUrl), "gw"),
  accounts: new AccountsClient(),
  billing: new BillingClient(),
  search: new SearchClient(),
  webApi: new WebApiClient(),
};

const yoga = createYoga<object, Context>({
  schema,
  context: ({ request }) => ({ ...services, viewer: viewerOf(request.headers.get("authorization")) }),
});

const app = express();
app.use("/graphql", yoga as unknown as express.RequestHandler);
app.use(express.json());
app.use(viewerRoutes(services));
app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
  if (isAppError(error)) {
    res.status(error.status).json({ error: error.message });
    return;
  }
  logger.error({ error }, "request failed");
  res.status(500).json({ error: "internal error" });
});

app.listen(config.port, () => logger.info({ port: config.port }, "gateway listening"));
