/** The door of `cli-progress`: a bar on stderr, only when a person looks on there. */

/** How far something has come; `total` is 0 while the end is not known. */
export type Progress = {
  readonly show: (done: number, total: number) => void;
  readonly stop: () => void;
};

/** Starts a bar. @param what is counted, in plural */
export async function startProgress(what: string): Promise<Progress> {
  if (!process.stderr.isTTY) return { show: () => undefined, stop: () => undefined };
  const { SingleBar } = await import("cli-progress");
  const format = `{bar} {percentage}% of {total} ${what}, {eta_formatted} left`;
  const bar = new SingleBar({ format, stream: process.stderr, hideCursor: true, clearOnComplete: true });
  let isStarted = false;
  return {
    show(done, total) {
      if (total === 0) return;
      if (!isStarted) bar.start(total, done);
      isStarted = true;
      bar.update(Math.min(done, total));
    },
    stop: () => {
      if (isStarted) bar.stop();
    },
  };
}
