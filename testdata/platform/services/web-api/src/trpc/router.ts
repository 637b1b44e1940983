import { notificationsRouter } from "./routers/notifications.js";
import { webhooksRouter } from "./routers/webhooks.js";
import { router } from "./init.js";

export const appRouter = router({
  webhooks: webhooksRouter,
  notifications: notificationsRouter,
});

export type AppRouter = typeof appRouter;
