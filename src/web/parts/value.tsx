/** A JSON value for reading: objects as names and values, lists one below the other, long texts folded. */

import { isLong, LongText } from "./text/long-text.tsx";

type Props = { readonly value: unknown };

function Scalar({ value }: Props) {
  if (value === "") return <i class="muted">empty text</i>;
  if (typeof value === "string") return isLong(value) ? <LongText text={value} /> : <span class="text">{value}</span>;
  return <code>{JSON.stringify(value)}</code>;
}

export function Value({ value }: Props) {
  if (typeof value !== "object" || value === null) return <Scalar value={value} />;
  if (Array.isArray(value)) {
    if (value.length === 0) return <i class="muted">empty list</i>;
    return (
      <ol class="values">
        {value.map((item, i) => (
          <li key={i}>
            <Value value={item} />
          </li>
        ))}
      </ol>
    );
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return <i class="muted">empty object</i>;
  return (
    <dl class="names">
      {entries.map(([name, held]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <Value value={held} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
