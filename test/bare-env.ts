/**
 * The environment of processes that tests start: nothing of this process's settings, so that what is set here or by who runs
 * the tests decides nothing. What Node keeps of compiled sources is no setting, and saves a process a third of a second.
 */

export function bareEnv(): Record<string, string> {
  const { PATH = "", HOME = "", NODE_COMPILE_CACHE } = process.env;
  return { PATH, HOME, ...(NODE_COMPILE_CACHE !== undefined && { NODE_COMPILE_CACHE }) };
}
