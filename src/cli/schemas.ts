/** `holdfast schemas`: the schemas of a ledger, listed, printed and put over the service's HTTP API. */

import { type Command, Option } from "commander";
import {
  type PreviewFlags,
  type RuleFlags,
  readText,
  readValue,
  rulePath,
  tellPreview,
  withRuleOptions,
} from "./remote/rules.ts";
import { ServiceClient } from "./remote/service-client.ts";
import type { SetExit } from "./terminal/failure.ts";
import { readCount } from "./terminal/numbers.ts";
import { printResult, spellTime, table } from "./terminal/output.ts";

type Schema = {
  readonly name: string;
  readonly digest: string;
  readonly putAt: number;
  readonly source: string;
  readonly isUsed: boolean;
  readonly document?: unknown;
};

const NAME = "name@version of a schema";

export function addSchemas(program: Command, setExit: SetExit): void {
  const schemas = program.command("schemas").description("List, print and put the schemas that events are held to.");
  const list = schemas.command("list").description("List the schemas of a ledger.");
  withRuleOptions(list).action(listSchemas);
  const get = schemas.command("get").description("Print a schema.").argument("<name@version>", NAME);
  withRuleOptions(get).action(getSchema);
  const put = schemas
    .command("put")
    .description("Give a ledger a schema; once it is used it never changes.")
    .argument("<name@version>", NAME)
    .argument("<file>", "a JSON Schema, draft 2020-12");
  withRuleOptions(put).action(putSchema);
  const preview = schemas
    .command("preview")
    .description(
      "Check a schema, and tell what it would have done to the newest events that name it; nothing is changed.",
    )
    .argument("<name@version>", NAME)
    .argument("<file>", "a JSON Schema, draft 2020-12");
  withRuleOptions(preview)
    .addOption(new Option("--last <entries>", "how many of the newest; 1000 unless said").argParser(readCount))
    .action(async (name: string, file: string, flags: PreviewFlags) => {
      setExit(await tellPreview(flags, { schemas: { [name]: readValue(file, "schema") } }));
    });
}

async function listSchemas(flags: RuleFlags): Promise<void> {
  const answer = await new ServiceClient(flags).ask(rulePath(flags, "schemas"));
  const { schemas } = answer as { readonly schemas: readonly Schema[] };
  const rows = schemas.map(({ name, isUsed, putAt, source, digest }) => {
    return [name, isUsed ? "used" : "unused", spellTime(putAt), source, digest];
  });
  const head = ["SCHEMA", "STATE", "PUT", "BY", "DIGEST"];
  printResult({ json: answer, text: table([head, ...rows]) }, flags.json === true);
}

async function getSchema(name: string, flags: RuleFlags): Promise<void> {
  const schema = (await new ServiceClient(flags).ask(rulePath(flags, "schemas", name))) as Schema;
  printResult({ json: schema, text: JSON.stringify(schema.document, undefined, 2).split("\n") }, flags.json === true);
}

async function putSchema(name: string, file: string, flags: RuleFlags): Promise<void> {
  const client = new ServiceClient(flags);
  const { status, body } = await client.require(rulePath(flags, "schemas", name), {
    method: "PUT",
    body: readText(file, "schema"),
  });
  const schema = body as Schema;
  const done = status === 201 ? "Put" : "Nothing new: the ledger has";
  printResult({ json: schema, text: [`${done} ${schema.name}, digest ${schema.digest}.`] }, flags.json === true);
}
