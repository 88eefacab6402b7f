/** `holdfast schemas`: the schemas of a ledger, listed, printed and put over the service's HTTP API. */

import type { Command } from "commander";
import { LEDGER_DEFAULT } from "../net/service-defaults.ts";
import { readTextFile } from "../store/text-file.ts";
import { ServiceClient, type ServiceOptions, withServiceOptions } from "./remote/service-client.ts";
import { usageError } from "./terminal/failure.ts";
import { printResult, spellTime, table } from "./terminal/output.ts";

type SchemaFlags = ServiceOptions & { readonly ledger: string; readonly json?: boolean };

type Schema = {
  readonly name: string;
  readonly digest: string;
  readonly putAt: number;
  readonly source: string;
  readonly isUsed: boolean;
  readonly document?: unknown;
};

const NAME = "name@version of a schema";

export function addSchemas(program: Command): void {
  const schemas = program.command("schemas").description("List, print and put the schemas that events are held to.");
  const list = schemas.command("list").description("List the schemas of a ledger.");
  withSchemaOptions(list).action(listSchemas);
  const get = schemas.command("get").description("Print a schema.").argument("<name@version>", NAME);
  withSchemaOptions(get).action(getSchema);
  const put = schemas
    .command("put")
    .description("Give a ledger a schema; once it is used it never changes.")
    .argument("<name@version>", NAME)
    .argument("<file>", "a JSON Schema, draft 2020-12");
  withSchemaOptions(put).action(putSchema);
}

function withSchemaOptions(command: Command): Command {
  return withServiceOptions(command)
    .option("--ledger <name>", "the ledger", LEDGER_DEFAULT)
    .option("--json", "print the result as JSON");
}

async function listSchemas(flags: SchemaFlags): Promise<void> {
  const answer = await new ServiceClient(flags).ask(pathOf(flags));
  const { schemas } = answer as { readonly schemas: readonly Schema[] };
  const rows = schemas.map(({ name, isUsed, putAt, source, digest }) => {
    return [name, isUsed ? "used" : "unused", spellTime(putAt), source, digest];
  });
  const head = ["SCHEMA", "STATE", "PUT", "BY", "DIGEST"];
  printResult({ json: answer, text: table([head, ...rows]) }, flags.json === true);
}

async function getSchema(name: string, flags: SchemaFlags): Promise<void> {
  const schema = (await new ServiceClient(flags).ask(pathOf(flags, name))) as Schema;
  printResult({ json: schema, text: JSON.stringify(schema.document, undefined, 2).split("\n") }, flags.json === true);
}

async function putSchema(name: string, file: string, flags: SchemaFlags): Promise<void> {
  const client = new ServiceClient(flags);
  const { status, body } = await client.require(pathOf(flags, name), { method: "PUT", body: readDocument(file) });
  const schema = body as Schema;
  const done = status === 201 ? "Put" : "Nothing new: the ledger has";
  printResult({ json: schema, text: [`${done} ${schema.name}, digest ${schema.digest}.`] }, flags.json === true);
}

function readDocument(file: string): string {
  try {
    return readTextFile(file);
  } catch (cause) {
    throw usageError(`The schema cannot be read: ${(cause as Error).message}.`);
  }
}

function pathOf({ ledger }: SchemaFlags, name?: string): string {
  const schemas = `/v1/ledgers/${encodeURIComponent(ledger)}/schemas`;
  return name === undefined ? schemas : `${schemas}/${encodeURIComponent(name)}`;
}
