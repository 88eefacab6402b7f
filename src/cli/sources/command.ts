/** `holdfast sources`: who sends to a ledger, adding one, and testing that what is sent arrives whole. */

import { type Command, Option } from "commander";
import { LEDGER_DEFAULT } from "../../net/service-defaults.ts";
import { withServiceOptions } from "../remote/service-client.ts";
import type { SetExit } from "../terminal/failure.ts";
import { readCount } from "../terminal/numbers.ts";
import { addSource } from "./add.ts";
import { listSources } from "./list.ts";
import { type TestFlags, testSource } from "./pipeline-test.ts";

const WAIT_S = 600;

export function addSources(program: Command, setExit: SetExit): void {
  const sources = program.command("sources").description("List, add and test what sends to a ledger.");
  const list = sources.command("list").description("List who sends, how much of what, when last, and with which keys.");
  withServiceOptions(list)
    .option("--ledger <name>", "the ledger", LEDGER_DEFAULT)
    .option("--json", "print the result as JSON")
    .action(listSources);
  const add = sources
    .command("add")
    .description("Make the key of a new source, and print what to paste into it.")
    .argument("<sender>", "what sends, such as docker; see docs/sources");
  withServiceOptions(add)
    .option("--ledger <name>", "the ledger, and the only one that the key is for", LEDGER_DEFAULT)
    .option("--source <name>", "a name for the source; else that of the sender")
    .option("--note <text>", "a reminder of what the key is for")
    .option("--expires <time>", "when the key ends, such as 2027-01-31T00:00:00Z")
    .option("--public-url <url>", "where the sender reaches the service; else as it is asked now")
    .option("--another-key", "make one more key where the source has one, for one that is to be exchanged")
    .option("--json", "print the result as JSON")
    .action(addSource);
  const test = sources
    .command("test")
    .description("Send a known item as a sender does, and check that it arrives whole and is proved.")
    .argument("<format|sender>", "such as otlp, or docker");
  withServiceOptions(test)
    .option("--ledger <name>", "the ledger", LEDGER_DEFAULT)
    .addOption(new Option("--wait <status>", "wait until it has come so far").choices(["anchored", "final"]))
    .addOption(new Option("--timeout <seconds>", "how long to wait").argParser(readCount).default(WAIT_S))
    .option("--json", "print the result as JSON")
    .action(async (name: string, flags: TestFlags) => setExit(await testSource(name, flags)));
}
