/** `holdfast requirements`: what a ledger demands of its events, seen, put from a file, and tried on what came lately. */

import { type Command, Option } from "commander";
import { isObject } from "../verify/bundle/forms.ts";
import {
  type PreviewFlags,
  type RuleFlags,
  readValue,
  rulePath,
  tellPreview,
  withRuleOptions,
} from "./remote/rules.ts";
import { ServiceClient } from "./remote/service-client.ts";
import { type SetExit, usageError } from "./terminal/failure.ts";
import { counted, readCount } from "./terminal/numbers.ts";
import { printResult, spellTime, table } from "./terminal/output.ts";

type Requirement = {
  readonly name: string;
  readonly actions?: readonly string[];
  readonly formats?: readonly string[];
  readonly members?: readonly string[];
  readonly schema?: string;
  readonly knownSchema?: boolean;
};

type Kept = {
  readonly requirements: readonly Requirement[];
  readonly version: number;
  readonly putAt?: number;
  readonly source?: string;
};

type Count = {
  readonly requirement?: string;
  readonly refused: number;
  readonly quarantined: number;
  readonly lastAt: number;
};
type Violations = { readonly since: number; readonly violations: readonly Count[] };

const FILE = 'JSON: {"requirements": […]}, as get prints it; - is standard input';

export function addRequirements(program: Command, setExit: SetExit): void {
  const requirements = program
    .command("requirements")
    .description("List, print, put and try what a ledger demands of its events.");
  const list = requirements.command("list").description("List them, with how often each was not met lately.");
  withRuleOptions(list).action(listRequirements);
  const get = requirements.command("get").description("Print them, as put takes them.");
  withRuleOptions(get).action(getRequirements);
  const put = requirements
    .command("put")
    .description("Put the requirements of a ledger, all of them; refused when others were put since they were printed.")
    .argument("<file>", FILE);
  withRuleOptions(put).action(putRequirements);
  const preview = requirements
    .command("preview")
    .description("Tell what they would have done to the newest events; nothing is changed.")
    .argument("<file>", FILE);
  withRuleOptions(preview)
    .addOption(new Option("--last <entries>", "how many of the newest; 1000 unless said").argParser(readCount))
    .action(async (file: string, flags: PreviewFlags) => setExit(await previewRequirements(file, flags)));
}

async function listRequirements(flags: RuleFlags): Promise<void> {
  const client = new ServiceClient(flags);
  const kept = (await client.ask(rulePath(flags, "requirements"))) as Kept;
  const { since, violations } = (await client.ask(rulePath(flags, "violations"))) as Violations;
  const head = ["NAME", "OF ACTIONS", "OF FORMATS", "ASKS FOR", "REFUSED", "QUARANTINED", "LAST"];
  const rows = kept.requirements.map((each) => {
    const counts = violations.filter(({ requirement }) => requirement === each.name);
    const sum = (value: (count: Count) => number): string => String(counts.reduce((all, one) => all + value(one), 0));
    const lastAt = counts.length === 0 ? undefined : Math.max(...counts.map((one) => one.lastAt));
    const asked = [each.actions?.join(",") ?? "all", each.formats?.join(",") ?? "all", askedOf(each)];
    return [
      each.name,
      ...asked,
      sum(({ refused }) => refused),
      sum(({ quarantined }) => quarantined),
      spellTime(lastAt),
    ];
  });
  const put = kept.version === 0 ? "never put" : `put by ${kept.source} at ${spellTime(kept.putAt)}`;
  const about = `Version ${kept.version}, ${put}. Counted since ${spellTime(since)}.`;
  printResult({ json: { ...kept, since, violations }, text: [...table([head, ...rows]), about] }, flags.json === true);
}

function askedOf({ members = [], schema, knownSchema }: Requirement): string {
  const parts = [...members, ...(schema === undefined ? [] : [`schema ${schema}`])];
  if (knownSchema === true) parts.push("a known schema");
  return parts.length === 0 ? "nothing" : parts.join(", ");
}

async function getRequirements(flags: RuleFlags): Promise<void> {
  const kept = (await new ServiceClient(flags).ask(rulePath(flags, "requirements"))) as Kept;
  const { version, requirements } = kept;
  const text = JSON.stringify({ version, requirements }, undefined, 2).split("\n");
  printResult({ json: kept, text }, flags.json === true);
}

/** The part of what get prints that put takes: who put it, and when, is the service's to say. */
function readRequirements(file: string): { readonly requirements: unknown; readonly version?: unknown } {
  const value = readValue(file, "requirements");
  if (Array.isArray(value)) return { requirements: value };
  if (!isObject(value) || !("requirements" in value)) {
    throw usageError(`Expected {"requirements": […]} in ${file}, got ${JSON.stringify(value).slice(0, 60)}.`);
  }
  const { digest: _, putAt: __, key: ___, source: ____, replaces: _____, ...request } = value;
  return request as { readonly requirements: unknown };
}

async function putRequirements(file: string, flags: RuleFlags): Promise<void> {
  const body = JSON.stringify(readRequirements(file));
  const client = new ServiceClient(flags);
  const kept = (await client.ask(rulePath(flags, "requirements"), { method: "PUT", body })) as Kept;
  const text = [`The ledger has ${counted(kept.requirements.length, "requirement")}, version ${kept.version}.`];
  printResult({ json: kept, text }, flags.json === true);
}

async function previewRequirements(file: string, flags: PreviewFlags): Promise<number> {
  const { requirements } = readRequirements(file);
  return await tellPreview(flags, { requirements });
}
