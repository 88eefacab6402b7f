/** How much processor something takes: what else the machine has to do meanwhile does not count. */

/** @returns milliseconds that this thread was on a processor for it, in steps of the system's clock, of up to 10 */
export function processorMs(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}
