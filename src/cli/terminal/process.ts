/**
 * What every process of ours is told and makes: how it is stopped, and who may read its files.
 * Why: docs/decisions/0102, docs/decisions/0120.
 */

/** Each of them stops what runs until it is stopped; a terminal that is closed is as good as Ctrl-C. */
const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Ends this process whatever its other threads do. An ordinary end waits for all of them, and so for a call that the disk does
 * not answer. What was acknowledged is on the disk by then; nothing else may be said of what was under way.
 */
export function endAtOnce(): void {
  process.kill(process.pid, "SIGKILL");
  // Still here: the first process of a container, which the system lets no signal of its own end.
  process.abort();
}

/** Commands that write where events lie in clear, keys, or what tells an old copy of a store from the newest. */
const PRIVATE_COMMANDS = ["serve", "archive", "audit", "recover", "marks", "keystore", "watch"];

/**
 * Set by scripts/holdfast.mjs for the process that it starts, and by npm for what its scripts start. Either passes signals
 * on, or its shell does not; but none can when it is killed itself.
 */
const LAUNCHER = "HOLDFAST_LAUNCHER";
/** `npm start` here, and `npx holdfast`; another script of npm may leave something behind on purpose. */
const NPM_EVENTS = ["start", "npx"];
const PARENT_LOOK_MS = 500;

/**
 * To be called before anything else. Node opens the port of its debugger at SIGUSR1, to everybody on this machine; a
 * listener takes that away. LevelDB and the embedded chain make files with the rights that the umask leaves them.
 */
export function prepareProcess(command: string | undefined): void {
  if (process.listenerCount("SIGUSR1") === 0) process.on("SIGUSR1", () => undefined);
  endWithLauncher();
  if (command !== undefined && PRIVATE_COMMANDS.includes(command)) process.umask(0o077);
}

/** Resolves at the first signal to stop; a second one ends the process at once. */
export function stopAsked(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const stop = (name: NodeJS.Signals): void => {
      for (const each of STOP_SIGNALS) {
        process.off(each, stop);
        process.once(each, endAtOnce);
      }
      resolve(name);
    };
    for (const each of STOP_SIGNALS) process.on(each, stop);
  });
}

/** Ends as a signal ends what does not listen to it, and so that whoever waits can see which. */
export function endBy(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  endAtOnce();
}

/**
 * A process that was started for somebody's command does not outlive it: when the parent is gone, it is told to stop, as
 * by a signal, for it would go on holding a port and a store that nobody knows of.
 */
function endWithLauncher(env: NodeJS.ProcessEnv = process.env): void {
  const isLaunched = env[LAUNCHER] === String(process.ppid) || NPM_EVENTS.includes(env.npm_lifecycle_event ?? "");
  // Windows never gives a process another parent.
  if (!isLaunched || process.platform === "win32") return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, PARENT_LOOK_MS);
  timer.unref();
}
