import { createExpressMiddleware } from "@trpc/server/adapters/express";
import express from "express";
import { logger } from "@lockerline/shared";
import { config } from "./config.js";
import { brandingRoutes } from "./http/branding.js";
import { paymentRoutes } from "./payments/webhook.js";
import { createContext } from "./trpc/init.js";
import { appRouter } from "./trpc/router.js";

const app = express();
app.use(paymentRoutes);
app.use(express.json());
app.use(brandingRoutes);
app.use("/trpc", createExpressMiddleware({ router: appRouter, createContext }));

app.listen(config.port, () => logger.info({ port: config.port }, "web-api listening"));
