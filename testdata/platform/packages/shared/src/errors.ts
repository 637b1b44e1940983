/** The row does not exist, or is not the caller's to see. */
export class NotFoundError extends Error {
  readonly status = 404;
  constructor(what: string) {
    super(`${what} not found`);
  }
}

export class ForbiddenError extends Error {
  readonly status = 403;
}

export function isAppError(error: unknown): error is NotFoundError | ForbiddenError {
  return error instanceof NotFoundError || error instanceof ForbiddenError;
}
