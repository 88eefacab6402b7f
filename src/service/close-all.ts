/** How a service is taken apart: everything is closed, whatever fails, and every failure is told. */

/**
 * Closes everything that was opened, the newest first, also when something of it fails to close.
 * @throws the one failure, or one error with all of them
 */
export async function closeAll(opened: AsyncDisposableStack): Promise<void> {
  try {
    await opened.disposeAsync();
  } catch (error) {
    const failures = failuresIn(error);
    throw failures.length === 1 ? failures[0] : new AggregateError(failures, failures.map(messageOf).join("; "));
  }
}

/** In the order in which they happened. */
function failuresIn(error: unknown): unknown[] {
  return error instanceof SuppressedError ? [...failuresIn(error.suppressed), error.error] : [error];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
