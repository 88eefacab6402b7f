/** `holdfast search`: finds events of a ledger with the API's filters, page after page, or counts them. */

import { type Command, Option } from "commander";
import { LEDGER_DEFAULT } from "../../net/service-defaults.ts";
import { eventLine, type ListedEvent } from "../remote/event-line.ts";
import { type FilterFlags, filterOf, withFilterOptions } from "../remote/filter-flags.ts";
import { ServiceClient, type ServiceOptions, withServiceOptions } from "../remote/service-client.ts";
import { counted, readCount } from "../terminal/numbers.ts";
import { isUnread, printNote, printResult } from "../terminal/output.ts";
import { type SavedFlags, wholeFilter, withSavedOption } from "./saved-filter.ts";

type SearchFlags = ServiceOptions &
  FilterFlags &
  SavedFlags & {
    readonly order: "asc" | "desc";
    readonly limit: number;
    readonly after?: string;
    readonly count?: boolean;
    readonly json?: boolean;
  };

/** What the service says of how far it looked. */
type Reach = {
  readonly next: string | null;
  readonly lookedAt: { readonly from: number; readonly to: number };
  readonly size: number;
  readonly searchableSize: number;
  readonly unreadable?: readonly number[];
};

const LIMIT = 100;
const PAGE_MAX = 1000;

export function addSearch(program: Command): void {
  const command = program.command("search").description("Find events of a ledger, or count them.");
  withSavedOption(withFilterOptions(withServiceOptions(command)))
    .option("--ledger <name>", "the ledger", LEDGER_DEFAULT)
    .addOption(new Option("--order <order>", "desc: the newest first").choices(["desc", "asc"]).default("desc"))
    .addOption(new Option("--limit <events>", "print at most so many").argParser(readCount).default(LIMIT))
    .option("--after <next>", "go on where another search ended, as it said")
    .option("--count", "print only how many there are")
    .option("--json", "print one JSON value")
    .action(async (flags: SearchFlags) => {
      const filter = await wholeFilter(flags, filterOf(flags));
      await (flags.count === true ? count(flags, filter) : search(flags, filter));
    });
}

async function search(flags: SearchFlags, filter: Parameters): Promise<void> {
  const client = new ServiceClient(flags);
  const found: ListedEvent[] = [];
  const unreadable: number[] = [];
  let left = flags.limit;
  let after = flags.after;
  for (;;) {
    const more = { order: flags.order, limit: String(Math.min(left, PAGE_MAX)) };
    const page = (await client.ask(pathOf(flags, "events", filter, after, more))) as Reach & {
      readonly events: readonly ListedEvent[];
    };
    unreadable.push(...(page.unreadable ?? []));
    left -= page.events.length;
    if (flags.json === true) found.push(...page.events);
    else printResult({ json: undefined, text: page.events.map(eventLine) }, false);
    after = page.next ?? undefined;
    if (after !== undefined && left > 0 && !isUnread()) continue;
    const { size, searchableSize } = page;
    const answer = { events: found, next: after ?? null, size, searchableSize, unreadable };
    if (flags.json === true) printResult({ json: answer, text: [] }, true);
    else tell(page, unreadable, after, flags.limit - left);
    return;
  }
}

async function count(flags: SearchFlags, filter: Parameters): Promise<void> {
  const client = new ServiceClient(flags);
  const unreadable: number[] = [];
  let total = 0;
  let after = flags.after;
  for (;;) {
    const part = (await client.ask(pathOf(flags, "events/count", filter, after))) as Reach & { readonly count: number };
    total += part.count;
    unreadable.push(...(part.unreadable ?? []));
    after = part.next ?? undefined;
    if (after !== undefined) continue;
    const { size, searchableSize } = part;
    printResult(
      { json: { count: total, size, searchableSize, unreadable }, text: [String(total)] },
      flags.json === true,
    );
    if (flags.json !== true) tell(part, unreadable, undefined, undefined);
    return;
  }
}

type Parameters = Readonly<Record<string, string>>;

function pathOf(
  flags: SearchFlags,
  what: string,
  filter: Parameters,
  after: string | undefined,
  more: Parameters = {},
): string {
  const query = new URLSearchParams({ ...filter, ...more });
  if (after !== undefined) query.set("after", after);
  return `/v1/ledgers/${encodeURIComponent(flags.ledger)}/${what}?${query}`;
}

/** What a person should know beside the events. */
function tell(
  { size, searchableSize }: Reach,
  unreadable: readonly number[],
  next: string | undefined,
  shown: number | undefined,
): void {
  if (unreadable.length > 0)
    printNote(`${counted(unreadable.length, "entry", "entries")} may match and cannot be read; run an audit.`);
  if (searchableSize < size)
    printNote(`Searched ${searchableSize} of ${size} entries: the index is behind, ask again.`);
  if (next !== undefined) printNote(`There may be more: --after ${next}`);
  else if (shown === 0) printNote("Nothing matches.");
}
