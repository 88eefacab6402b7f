/**
 * A start that was refused: what it says has to name a way out, and that way is walked as an operator would, a step at
 * a time, until the service is up.
 */

import { runCli } from "../../cli/run-cli.ts";
import { ServiceProcess } from "../service-process.ts";
import type { Place } from "./bench.ts";
import { sameFiles, snapshotOf } from "./files.ts";
import { isClear, messageOf, tailOf } from "./telling.ts";
import type { Findings } from "./verdict.ts";

/** Starts a service without a fault; where it is refused, walks the way out. */
export async function startWithoutFault(place: Place, findings: Findings): Promise<ServiceProcess | undefined> {
  const { world, options } = place;
  const found = await world.startOrEnd(options);
  if (found instanceof ServiceProcess) return found;
  if (!isClear(found, findings)) return undefined;
  const message = messageOf(found.stdout + found.stderr) ?? "";
  if (!message.includes("holdfast recover")) {
    findings.add("refused", `without a fault, no way out leads anywhere: ${message.slice(0, 400)}`);
    return undefined;
  }
  if (!(await recover(place, findings))) return undefined;
  const again = await world.startOrEnd(options);
  if (again instanceof ServiceProcess) {
    findings.add("recovered", `refused, then recovered: ${message.slice(0, 200)}`);
    return again;
  }
  findings.add("refused", `also after holdfast recover: ${tailOf(again.stdout + again.stderr)}`);
  return undefined;
}

/** `holdfast recover`: first a look, which changes nothing, and then for good. */
async function recover({ data, options }: Place, findings: Findings): Promise<boolean> {
  const launcher = `${options.root}/scripts/holdfast.mjs`;
  const before = snapshotOf(data);
  const look = await runCli(["recover", "--data", data], { launcher });
  const changed = sameFiles(before, snapshotOf(data));
  if (changed !== undefined) findings.add("changed", `holdfast recover without --apply changed ${changed}`);
  const done = await runCli(["recover", "--data", data, "--apply"], { launcher });
  if (done.status === 0) return true;
  findings.add("refused", `holdfast recover: ${tailOf(look.stdout + look.stderr + done.stdout + done.stderr)}`);
  return false;
}
