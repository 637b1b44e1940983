export { requireEnv, env, envInt } from "./env.js";
export { NotFoundError, ForbiddenError, isAppError } from "./errors.js";
export { TOPICS, decodeEvent, type Envelope, type ParcelStored, type ParcelExpired } from "./events.js";
export { logger } from "./logger.js";
export type { Viewer, Role } from "./viewer.js";
