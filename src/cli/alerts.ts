/** `holdfast alerts`: what is wrong, who looks after it, who was told, and whether anybody is heard. */

import type { Command } from "commander";
import type { Alert } from "../alerts/alert.ts";
import { ServiceClient, type ServiceOptions, withServiceOptions } from "./remote/service-client.ts";
import { type SetExit, usageError } from "./terminal/failure.ts";
import { printResult, spellTime, table } from "./terminal/output.ts";

type Flags = ServiceOptions & { readonly json?: boolean };
type Listed = {
  readonly isOn: boolean;
  readonly firing: readonly Alert[];
  readonly over: readonly Alert[];
  readonly rules: readonly { readonly title: string; readonly unknownSince?: number; readonly off?: string }[];
  readonly channels: readonly { readonly name: string }[];
};
type Sent = {
  readonly channel: string;
  readonly kind: string;
  readonly alert: string;
  readonly attempts: number;
  readonly dueAt: number;
  readonly failure?: string;
};
type Deliveries = { readonly waiting: readonly Sent[]; readonly dead: readonly Sent[] };
type Tried = {
  readonly channels: readonly { readonly name: string; readonly isTaken: boolean; readonly reason?: string }[];
};

const PATH = "/v1/alerts";

export function addAlerts(program: Command, setExit: SetExit): void {
  const alerts = program
    .command("alerts")
    .description("What is wrong with the service, or with what comes to it, and who is told.");
  const add = (name: string, description: string) =>
    withServiceOptions(alerts.command(name).description(description)).option("--json", "print the result as JSON");
  const id = "see holdfast alerts list";
  const note = "for others who look at it";
  add("list", "List what is wrong now.").option("--over", "what is over too").action(list);
  add("ack", "Say that somebody looks after an alert.")
    .argument("<id>", id)
    .option("--note <text>", note)
    .action(acknowledge);
  add("silence", "Have nobody told of an alert for a while; it fires all the same.")
    .argument("<id>", id)
    .requiredOption("--hours <n>", "for so many hours")
    .option("--note <text>", note)
    .action(silence);
  add("deliveries", "List what channels are still to be told, and what they did not take.").action(deliveries);
  add("resend", "Send again what channels did not take.").action(resend);
  add("test", "Tell every channel a test; exit status 1 when one does not take it, or there is none.").action(
    async (flags: Flags) => setExit(await test(flags)),
  );
}

async function list(flags: Flags & { readonly over?: boolean }): Promise<void> {
  const answer = (await new ServiceClient(flags).ask(PATH)) as Listed;
  const shown = [...answer.firing, ...(flags.over === true ? answer.over : [])];
  const head = ["ID", "SEVERITY", "SINCE", "STATE", "WHAT"];
  const rows = shown.map((alert) => [
    alert.id,
    alert.severity,
    spellTime(alert.firedAt),
    stateOf(alert),
    `${alert.title} (${alert.subject}): ${alert.detail}`,
  ]);
  const blind = answer.rules.filter(({ unknownSince }) => unknownSince !== undefined);
  const text = [
    ...(answer.isOn ? [] : ["This service has no alerts: nobody looks."]),
    ...(rows.length === 0 && answer.isOn ? ["Nothing is wrong that is looked for."] : []),
    ...(rows.length === 0 ? [] : table([head, ...rows])),
    ...blind.map(({ title }) => `Nobody could find out whether ${title}.`),
    ...answer.rules.flatMap(({ title, off }) =>
      off === undefined ? [] : [`Nobody looks whether ${title}; it is turned off: ${off}.`],
    ),
    ...(answer.isOn && answer.channels.length === 0
      ? ["Nobody is told of alerts: there is no channel, see docs/alerts.md."]
      : []),
  ];
  printResult({ json: answer, text }, flags.json === true);
}

function stateOf({ resolvedAt, silenced, acknowledged }: Alert): string {
  if (resolvedAt !== undefined) return `over since ${spellTime(resolvedAt)}`;
  if (silenced !== undefined && silenced.until > Date.now()) return `silenced by ${silenced.source}`;
  return acknowledged === undefined ? "firing" : `acknowledged by ${acknowledged.source}`;
}

async function acknowledge(id: string, flags: Flags & { readonly note?: string }): Promise<void> {
  const alert = (await post(flags, `${PATH}/${encodeURIComponent(id)}/acknowledge`, noteOf(flags))) as Alert;
  printResult({ json: alert, text: [`Alert ${id} is acknowledged.`] }, flags.json === true);
}

async function silence(id: string, flags: Flags & { readonly note?: string; readonly hours: string }): Promise<void> {
  const hours = Number(flags.hours);
  if (!(hours > 0)) throw usageError(`Expected hours above 0 as --hours, got ${flags.hours}.`);
  const until = Date.now() + Math.round(hours * 3_600_000);
  const alert = (await post(flags, `${PATH}/${encodeURIComponent(id)}/silence`, { until, ...noteOf(flags) })) as Alert;
  printResult({ json: alert, text: [`Nobody is told of alert ${id} until ${spellTime(until)}.`] }, flags.json === true);
}

function noteOf({ note }: { readonly note?: string }): object {
  return note === undefined ? {} : { note };
}

async function deliveries(flags: Flags): Promise<void> {
  const answer = (await new ServiceClient(flags).ask("/v1/alert-deliveries")) as Deliveries;
  const head = ["CHANNEL", "ALERT", "WHAT", "ATTEMPTS", "NEXT", "WHY NOT"];
  const row = (each: Sent, next: string) => [
    each.channel,
    each.alert,
    each.kind,
    String(each.attempts),
    next,
    each.failure ?? "",
  ];
  const rows = [
    ...answer.waiting.map((each) => row(each, spellTime(each.dueAt))),
    ...answer.dead.map((each) => row(each, "never")),
  ];
  const text = rows.length === 0 ? ["Every channel has been told everything."] : table([head, ...rows]);
  printResult({ json: answer, text }, flags.json === true);
}

async function resend(flags: Flags): Promise<void> {
  const answer = (await post(flags, "/v1/alert-deliveries/resend")) as { readonly resent: number };
  printResult({ json: answer, text: [`${answer.resent} are sent again.`] }, flags.json === true);
}

async function test(flags: Flags): Promise<number> {
  const answer = (await post(flags, "/v1/alert-channels/test")) as Tried;
  const lines = answer.channels.map(({ name, isTaken, reason }) =>
    isTaken ? `${name} took it.` : `${name} did not take it: ${reason}.`,
  );
  const text = lines.length === 0 ? ["There is no channel: nobody is told of alerts, see docs/alerts.md."] : lines;
  printResult({ json: answer, text }, flags.json === true);
  return lines.length > 0 && answer.channels.every(({ isTaken }) => isTaken) ? 0 : 1;
}

function post(flags: Flags, path: string, body: object = {}): Promise<unknown> {
  return new ServiceClient(flags).ask(path, { method: "POST", body: JSON.stringify(body) });
}
