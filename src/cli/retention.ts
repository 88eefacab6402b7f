/** `holdfast retention`: for how long a ledger keeps what, seen, set from a file or a preset, and tried before it is set. */

import { type Command, Option } from "commander";
import type { RetentionRule } from "../retention/policy.ts";
import type { RetentionPreset } from "../retention/presets.ts";
import type { RetentionPreview } from "../retention/preview.ts";
import { isObject } from "../verify/bundle/forms.ts";
import { type RuleFlags, readValue, rulePath, withRuleOptions } from "./remote/rules.ts";
import { ServiceClient } from "./remote/service-client.ts";
import { usageError } from "./terminal/failure.ts";
import { counted } from "./terminal/numbers.ts";
import { printResult, spellTime, table } from "./terminal/output.ts";

type Policy = {
  readonly rules: readonly RetentionRule[];
  readonly version: number;
  readonly putAt: number;
  readonly effectiveAt: number;
  readonly source: string;
};
type Kept = { readonly inForce?: Policy; readonly waiting?: Policy; readonly delayS: number };
type SetFlags = RuleFlags & { readonly preset?: readonly string[]; readonly reason?: string };
type PreviewFlags = SetFlags & { readonly at?: string };

const FILE = 'JSON: {"rules": […]}, as show prints it; - is standard input';
const RANGES_SHOWN = 10;

export function addRetention(program: Command): void {
  const retention = program
    .command("retention")
    .description("See and set for how long a ledger keeps what, and try it before.");
  withRuleOptions(
    retention.command("show").description("Print the policy in force, and one that waits, as set takes them."),
  ).action(show);
  withPresets(
    withRuleOptions(
      retention
        .command("set")
        .description(
          "Set the policy of a ledger, all of it. What shortens something waits, and needs the role privacy.",
        )
        .argument("[file]", FILE),
    ),
  )
    .option("--reason <text>", "why; it is in the event about it")
    .action(set);
  withPresets(
    withRuleOptions(
      retention
        .command("preview")
        .description("Tell what a policy would do: the one that waits or is in force, or another. Nothing is changed.")
        .argument("[file]", FILE),
    ),
  )
    .option("--at <time>", "as if it were this time")
    .action(preview);
  withRuleOptions(
    retention.command("status").description("Tell how far pruning is: what goes on, what went, and why not."),
  ).action(status);
  withRuleOptions(
    retention.command("presets").description("List policies to begin with, and what their paragraphs leave open."),
  ).action(presets);
}

function withPresets(command: Command): Command {
  const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];
  return command.addOption(
    new Option("--preset <name>", "the rules of a preset, in the place of a file; repeatable").argParser(collect),
  );
}

async function show(flags: RuleFlags): Promise<void> {
  const kept = (await new ServiceClient(flags).ask(rulePath(flags, "retention"))) as Kept;
  const { inForce, waiting } = kept;
  const text = [
    ...(inForce === undefined ? ["No policy is in force: everything is kept for ever."] : told(inForce, "In force")),
    ...(waiting === undefined ? [] : told(waiting, `Waiting until ${spellTime(waiting.effectiveAt)}`)),
  ];
  printResult({ json: kept, text }, flags.json === true);
}

function told({ rules, version, putAt, source }: Policy, how: string): string[] {
  return [`${how}: version ${version}, put by ${source} at ${spellTime(putAt)}.`, ...ruleTable(rules)];
}

function ruleTable(rules: readonly RetentionRule[]): string[] {
  const head = ["NAME", "EVENTS", "KEEP AT LEAST", "KEEP AT MOST", "AFTER", "ARCHIVE FOR"];
  const rows = rules.map((rule) => [
    rule.name,
    eventsOf(rule),
    rule.keepAtLeast ?? "-",
    rule.keepAtMost ?? "-",
    rule.after ?? "-",
    rule.archiveFor ?? "-",
  ]);
  return table([head, ...rows]);
}

function eventsOf(rule: RetentionRule): string {
  const parts = (["action", "class", "ocsf", "source"] as const).flatMap((name) => {
    return rule[name] === undefined ? [] : [`${name}=${rule[name]}`];
  });
  return parts.length === 0 ? "all" : parts.join(" ");
}

/** The rules of a file or of presets; undefined where there is neither. */
async function rulesOf(
  file: string | undefined,
  { preset = [], ...flags }: SetFlags,
): Promise<{ readonly rules: unknown; readonly version?: unknown } | undefined> {
  if (file !== undefined && preset.length > 0) throw usageError("Expected a file or --preset, got both.");
  if (file === undefined) return preset.length === 0 ? undefined : { rules: await presetRules(preset, flags) };
  const value = readValue(file, "retention policy");
  if (Array.isArray(value)) return { rules: value };
  if (!isObject(value)) throw usageError(`Expected {"rules": […]} in ${file}, got ${String(value).slice(0, 60)}.`);
  // What show --json prints has the newest of two.
  const policy = (value.waiting ?? value.inForce ?? value) as Record<string, unknown>;
  if (!("rules" in policy)) throw usageError(`Expected {"rules": […]} in ${file}, got other members.`);
  const { rules, version } = policy;
  return version === undefined ? { rules } : { rules, version };
}

async function presetRules(ids: readonly string[], flags: RuleFlags): Promise<RetentionRule[]> {
  const all = await askPresets(flags);
  return ids.flatMap((id) => {
    const found = all.find((each) => each.id === id);
    if (found !== undefined) return found.rules;
    throw usageError(`--preset: expected one of ${all.map((each) => each.id).join(", ")}, got ${JSON.stringify(id)}`);
  });
}

async function askPresets(flags: RuleFlags): Promise<readonly RetentionPreset[]> {
  const answer = (await new ServiceClient(flags).ask("/v1/retention/presets")) as {
    readonly presets: RetentionPreset[];
  };
  return answer.presets;
}

async function set(file: string | undefined, flags: SetFlags): Promise<void> {
  const request = await rulesOf(file, flags);
  if (request === undefined) throw usageError("Expected a file or --preset, got neither.");
  const body = JSON.stringify({ ...request, ...(flags.reason !== undefined && { reason: flags.reason }) });
  const client = new ServiceClient(flags);
  const kept = (await client.ask(rulePath(flags, "retention"), { method: "PUT", body })) as Kept;
  const { inForce, waiting } = kept;
  const text =
    waiting === undefined
      ? `The policy is in force: ${counted(inForce?.rules.length ?? 0, "rule")}, version ${inForce?.version}.`
      : `It shortens something, so it waits until ${spellTime(waiting.effectiveAt)}: version ${waiting.version}. Setting another withdraws it.`;
  printResult({ json: kept, text: [text] }, flags.json === true);
}

/** Asks until all of the ledger was looked at, and adds up. */
async function preview(file: string | undefined, flags: PreviewFlags): Promise<void> {
  const request = await rulesOf(file, flags);
  const client = new ServiceClient(flags);
  let whole: RetentionPreview | undefined;
  for (let from = 0; ; ) {
    const wish = { ...(request && { rules: request.rules }), ...(flags.at !== undefined && { at: flags.at }), from };
    const asked = { method: "POST", body: JSON.stringify(wish) } as const;
    const part = (await client.ask(rulePath(flags, "retention", "preview"), asked)) as RetentionPreview;
    whole = whole === undefined ? part : added(whole, part);
    if (part.complete) break;
    from = part.to;
  }
  printResult({ json: whole, text: previewText(whole) }, flags.json === true);
}

function added(a: RetentionPreview, b: RetentionPreview): RetentionPreview {
  const counts = Object.fromEntries(
    (["due", "dueBytes", "archived", "held", "notFinal", "pruned"] as const).map((name) => [name, a[name] + b[name]]),
  );
  const held = new Map(a.byHold.map((each) => [each.hold, each.held]));
  for (const each of b.byHold) held.set(each.hold, (held.get(each.hold) ?? 0) + each.held);
  const nextDueAt = Math.min(a.nextDueAt ?? Number.POSITIVE_INFINITY, b.nextDueAt ?? Number.POSITIVE_INFINITY);
  return {
    ...b,
    ...counts,
    byRule: b.byRule.map(({ rule, due, bytes }, i) => ({
      rule,
      due: due + (a.byRule[i]?.due ?? 0),
      bytes: bytes + (a.byRule[i]?.bytes ?? 0),
    })),
    byHold: [...held].map(([hold, count]) => ({ hold, held: count })),
    ranges: [...a.ranges, ...b.ranges],
    ...(Number.isFinite(nextDueAt) && { nextDueAt }),
  };
}

function previewText(preview: RetentionPreview): string[] {
  const { due, dueBytes, archived, held, notFinal, pruned, byRule, byHold, ranges, nextDueAt } = preview;
  const next = nextDueAt === undefined ? [] : [`The next is due at ${spellTime(nextDueAt)}.`];
  const shown = ranges.slice(0, RANGES_SHOWN).map(({ from, to }) => `  entries ${from} to ${to - 1}`);
  return [
    `${counted(due, "body", "bodies")} of ${dueBytes} bytes would go, ${archived} of them into an archive first. Nothing was changed.`,
    ...byRule.filter((each) => each.due > 0).map((each) => `  ${each.due} by ${each.rule}`),
    ...shown,
    ...(ranges.length > RANGES_SHOWN ? [`  and in more ranges`] : []),
    ...(held === 0 ? [] : [`${held} stay because they are held:`]),
    ...byHold.map((each) => `  ${each.held} by hold ${each.hold}`),
    ...(notFinal === 0 ? [] : [`${notFinal} wait until they are final on every chain.`]),
    ...(pruned === 0 ? [] : [`${pruned} are gone already.`]),
    ...next,
  ];
}

type Status = {
  readonly isWorking: boolean;
  readonly step?: string;
  readonly from?: number;
  readonly to?: number;
  readonly pruned: number;
  readonly lastRunAt?: number;
  readonly failure?: string;
  readonly lacksArchive?: boolean;
};

async function status(flags: RuleFlags): Promise<void> {
  const answer = (await new ServiceClient(flags).ask(rulePath(flags, "retention", "status"))) as Status;
  const { isWorking, step, from = 0, to = 0, pruned, lastRunAt, failure, lacksArchive = false } = answer;
  const now =
    step === undefined
      ? isWorking
        ? "It is looking for what is due."
        : "Nothing is being pruned."
      : `It is ${step} entries ${from} to ${to - 1}.`;
  const text = [
    now,
    `${counted(pruned, "body", "bodies")} went since the service started; nothing more was due at ${spellTime(lastRunAt)}.`,
    ...(failure === undefined ? [] : [`It does not get on: ${failure}. It is tried again.`]),
    ...(lacksArchive
      ? ["What the policy archives first is not archived by this service, so nothing of it is pruned; all of it stays."]
      : []),
  ];
  printResult({ json: answer, text }, flags.json === true);
}

async function presets(flags: RuleFlags): Promise<void> {
  const all = await askPresets(flags);
  const text = all.flatMap((each) => [
    `${each.id}: ${each.title}`,
    `  ${each.paragraphs.join("; ")}`,
    `  ${each.asks}`,
    ...ruleTable(each.rules).map((line) => `  ${line}`),
    "  It does not settle:",
    ...each.doesNotSettle.map((line) => `  - ${line}`),
    "",
  ]);
  printResult({ json: { presets: all }, text: text.slice(0, -1) }, flags.json === true);
}
