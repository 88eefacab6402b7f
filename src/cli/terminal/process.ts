/**
 * What every process of ours is told and makes: the signals that it listens to, and who may read its files.
 * Why: docs/decisions/0102.
 */

/** Each of them stops what runs until it is stopped; a terminal that is closed is as good as Ctrl-C. */
export const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Ends this process whatever its other threads do. An ordinary end waits for all of them, and so for a call that the disk does
 * not answer. What was acknowledged is on the disk by then; nothing else may be said of what was under way.
 */
export function endAtOnce(): void {
  process.kill(process.pid, "SIGKILL");
}

/** Commands that write where events lie in clear, keys, or what tells an old copy of a store from the newest. */
const PRIVATE_COMMANDS = ["serve", "audit", "recover", "marks", "keystore", "watch"];

/**
 * To be called before anything else. Node opens the port of its debugger at SIGUSR1, to everybody on this machine; a
 * listener takes that away. LevelDB and the embedded chain make files with the rights that the umask leaves them.
 */
export function prepareProcess(command: string | undefined): void {
  if (process.listenerCount("SIGUSR1") === 0) process.on("SIGUSR1", () => undefined);
  if (command !== undefined && PRIVATE_COMMANDS.includes(command)) process.umask(0o077);
}
