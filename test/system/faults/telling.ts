/** Whether a service tells its operator that something is wrong: in its log, by /readyz, or by what it ends with. */

import type { Ended, ServiceProcess } from "../service-process.ts";
import type { Findings } from "./verdict.ts";

/** What the bench itself gives reason for: its chain does not answer. */
const OF_THE_BENCH = ["chain_unreachable", "anchor_late"];
/** Words that say what somebody could do. */
const WAY_OUT =
  /recover|bring .*back|renew|try again|start again|restart|make room|raise|remove|chmod|mend|give |allow|see /i;

/** Whether a piece of the log has a warning or an error. */
export function hasComplaint(log: string): boolean {
  return log
    .split("\n")
    .filter((line) => !OF_THE_BENCH.some((code) => line.includes(code)))
    .some((line) => /"level":"(?:warn|error|fatal)"/.test(line));
}

/** @param from where its output began to matter */
export async function isTold(service: ServiceProcess, from: number): Promise<boolean> {
  if (hasComplaint(service.output.slice(from))) return true;
  const answer = await service.ask("GET /readyz").catch(() => undefined);
  if (answer === undefined) return false;
  const { reasons } = JSON.parse(answer.text) as { reasons: readonly { code: string }[] };
  return reasons.some(({ code }) => !OF_THE_BENCH.includes(code));
}

export function namesWayOut(message: string): boolean {
  return WAY_OUT.test(message);
}

/** Whether an end was one with a message that says what to do; what is wrong with it goes to the findings. */
export function isClear(ended: Ended, findings: Findings): boolean {
  const said = ended.stdout + ended.stderr;
  if (ended.status === null || ended.status === 0) {
    findings.add("died", `the process ended with ${ended.signal ?? ended.status}: ${tailOf(said)}`);
    return false;
  }
  const message = messageOf(said);
  if (message === undefined) findings.add("died", `ended with ${ended.status} without a message: ${tailOf(said)}`);
  else if (!namesWayOut(message)) findings.add("refused", `no way out is named: ${message.slice(0, 400)}`);
  return message !== undefined;
}

/** What a process said when it gave up. */
export function messageOf(said: string): string | undefined {
  const line = said.split("\n").find((each) => each.startsWith('{"error"'));
  if (line !== undefined) return (JSON.parse(line) as { error: { message: string } }).error.message;
  return said.split("\n").find((each) => each.startsWith("holdfast: "));
}

/** The end of an output, for a finding. */
export function tailOf(text: string): string {
  return text.trim().split("\n").slice(-2).join(" ").slice(-600);
}
