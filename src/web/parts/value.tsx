/** A JSON value for reading: objects as names and values, lists one below the other; long texts and long lists are folded. */

import { useFirstOnes } from "./first-ones.tsx";
import { isLong, LongText } from "./text/long-text.tsx";
import { Said } from "./text/said.tsx";

type Props = { readonly value: unknown };

function Scalar({ value }: Props) {
  if (value === "") return <i class="muted">empty text</i>;
  if (typeof value !== "string") return <code>{JSON.stringify(value)}</code>;
  if (isLong(value)) return <LongText text={value} />;
  return (
    <span class="text">
      <Said text={value} />
    </span>
  );
}

function Items({ items }: { readonly items: readonly unknown[] }) {
  const { shown, rest } = useFirstOnes(items, "values");
  return (
    <>
      <ol class="values">
        {shown.map((item, i) => (
          <li key={i}>
            <Value value={item} />
          </li>
        ))}
      </ol>
      {rest}
    </>
  );
}

function Names({ entries }: { readonly entries: readonly (readonly [name: string, held: unknown])[] }) {
  const { shown, rest } = useFirstOnes(entries, "names");
  return (
    <>
      <dl class="names">
        {shown.map(([name, held]) => (
          <div key={name}>
            <dt>
              <Said text={name} />
            </dt>
            <dd>
              <Value value={held} />
            </dd>
          </div>
        ))}
      </dl>
      {rest}
    </>
  );
}

export function Value({ value }: Props) {
  if (typeof value !== "object" || value === null) return <Scalar value={value} />;
  if (Array.isArray(value)) return value.length === 0 ? <i class="muted">empty list</i> : <Items items={value} />;
  const entries = Object.entries(value);
  return entries.length === 0 ? <i class="muted">empty object</i> : <Names entries={entries} />;
}
