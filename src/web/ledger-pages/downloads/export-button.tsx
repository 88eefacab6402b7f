/** Takes everything away that the filter finds, as a file of a chosen format; what was cut on its way is not saved. */

import { useState } from "preact/hooks";
import { readJson } from "../../../json/read.ts";
import { formatCount } from "../../parts/format.ts";
import { Icon } from "../../parts/icon.tsx";
import type { LedgerAnswer } from "../answers.ts";
import { ledgerPath } from "../client.ts";
import { filterParameters, type UrlFilter } from "../events/filter/filter.ts";
import { Trouble } from "../frame/trouble.tsx";
import { useSession } from "../session.tsx";
import { saveBlob } from "./save.ts";

const FORMATS = { ndjson: "NDJSON", csv: "CSV", ocsf: "OCSF" } as const;
type Format = keyof typeof FORMATS;

/** Behind the last line of an export, whatever its format. */
const TRAILER = '{"holdfast_export":';
/** A trailer is shorter, whatever the filter. */
const TRAILER_BYTES_MAX = 64 * 1024;
/** A browser holds the file until it is saved. */
const EVENTS_MAX = 1_000_000;

type Props = { readonly ledger: LedgerAnswer; readonly filter: UrlFilter };

export function ExportButton({ ledger, filter }: Props) {
  const { client } = useSession();
  const [format, setFormat] = useState<Format>("ndjson");
  const [words, setWords] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();
  const take = async () => {
    setBusy(true);
    setError(undefined);
    setWords("Exporting …");
    const query = filterParameters(filter);
    query.set("as", format);
    query.set("trailer", "line");
    const file = await client.blob(ledgerPath(ledger.name, `/export?${query}`));
    const { content, count } = await parted(file, format === "ndjson");
    saveBlob(`${ledger.name}-export.${format === "ocsf" ? "ocsf.ndjson" : format}`, content);
    setWords(`${formatCount(count)} events`);
  };
  const start = () =>
    void take()
      .catch((failure: Error) => {
        setWords("");
        setError(failure);
      })
      .finally(() => setBusy(false));
  return (
    <div class="stack tight">
      <div class="row">
        <select
          class="input"
          aria-label="Format of the export"
          value={format}
          onChange={({ currentTarget }) => setFormat(currentTarget.value as Format)}
        >
          {Object.entries(FORMATS).map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
        <button type="button" class="button" disabled={isBusy} onClick={start}>
          <Icon name="down" />
          Export what is found
        </button>
        <span class="muted small" aria-live="polite">
          {words}
          {words === "" && ledger.size > EVENTS_MAX ? "For more than a million events use holdfast export" : ""}
        </span>
      </div>
      <Trouble error={error} />
    </div>
  );
}

/** The content without its trailer, and how many events it has. @throws Error when it was cut */
async function parted(file: Blob, keepsTrailer: boolean): Promise<{ content: Blob; count: number }> {
  const begin = Math.max(0, file.size - TRAILER_BYTES_MAX);
  const end = new Uint8Array(await file.slice(begin).arrayBuffer());
  // Each byte one letter, so that places in the text are places in the file.
  const at = new TextDecoder("latin1").decode(end).lastIndexOf(TRAILER);
  if (at < 0) throw new Error("The export was cut on its way; nothing is saved.");
  const { holdfast_export: trailer } = readJson(new TextDecoder().decode(end.subarray(at))) as {
    holdfast_export: { count: number };
  };
  return { content: keepsTrailer ? file : file.slice(0, begin + at), count: trailer.count };
}
