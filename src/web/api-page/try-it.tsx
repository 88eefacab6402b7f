/** Trying an operation: what is filled in, the command that does the same, and the answer as it came. */

import { useState } from "preact/hooks";
import { readJson } from "../../json/read.ts";
import { Command } from "../parts/command.tsx";
import { Mark } from "../parts/mark.tsx";
import { type DescribedParameter, type ListedOperation, wordsFor } from "./description.ts";
import { commandOf, send, slot, type TriedAnswer, type TriedRequest, type TypedValues } from "./request.ts";

type Props = { readonly listed: ListedOperation; readonly apiKey: string };

type Outcome = { readonly answered?: TriedAnswer; readonly trouble?: string; readonly isAsking: boolean };

function firstValues(parameters: readonly DescribedParameter[]): TypedValues {
  const filled = parameters.filter(({ example }) => example !== undefined);
  return Object.fromEntries(filled.map(({ in: place, name, example }) => [slot(place, name), String(example)]));
}

function spelled(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

type FieldProps = {
  readonly id: string;
  readonly parameter: DescribedParameter;
  readonly value: string;
  readonly onChange: (value: string) => void;
};

function ParameterField({ id, parameter, value, onChange }: FieldProps) {
  const { name, schema, required, description } = parameter;
  const field = `${id}-${parameter.in}-${name}`;
  return (
    <div class="field">
      <label for={field}>
        <span class="mono">{name}</span> {parameter.in === "query" ? "" : `in the ${parameter.in}`}
        {required ? " · required" : ""}
      </label>
      {schema.enum === undefined ? (
        <input
          class="input"
          id={field}
          value={value}
          autocomplete="off"
          spellcheck={false}
          placeholder={schema.default === undefined ? "" : String(schema.default)}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      ) : (
        <select class="input" id={field} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
          <option value="">{schema.default === undefined ? "" : `${schema.default} (when absent)`}</option>
          {schema.enum.map((each) => (
            <option key={String(each)}>{String(each)}</option>
          ))}
        </select>
      )}
      <span class="hint">
        {[description, schema.enum === undefined ? wordsFor(schema) : undefined].filter(Boolean).join(" · ")}
      </span>
    </div>
  );
}

type BodyProps = {
  readonly id: string;
  readonly bodies: readonly { readonly type: string; readonly name: string }[];
  readonly chosen: number;
  readonly onChoose: (index: number) => void;
  readonly text: string;
  readonly onText: (text: string) => void;
};

function BodyField({ id, bodies, chosen, onChoose, text, onText }: BodyProps) {
  return (
    <div class="field">
      <label for={`${id}-example`}>Body</label>
      <select
        class="input"
        id={`${id}-example`}
        value={String(chosen)}
        onChange={(event) => onChoose(Number(event.currentTarget.value))}
      >
        {bodies.map(({ type, name }, index) => (
          <option key={`${type} ${name}`} value={String(index)}>
            {type}, {name}
          </option>
        ))}
      </select>
      <textarea
        class="input"
        aria-label="Text of the body"
        rows={8}
        spellcheck={false}
        value={text}
        onInput={(event) => onText(event.currentTarget.value)}
      />
    </div>
  );
}

export function TryIt({ listed, apiKey }: Props) {
  const { operation, method } = listed;
  const bodies = Object.entries(operation.requestBody?.content ?? {}).flatMap(([type, { examples = {} }]) =>
    Object.entries(examples).map(([name, { value }]) => ({ type, name, text: spelled(value) })),
  );
  const [values, setValues] = useState<TypedValues>(() => firstValues(operation.parameters));
  const [chosen, setChosen] = useState(0);
  const [body, setBody] = useState(bodies[0]?.text ?? "");
  const [outcome, setOutcome] = useState<Outcome>({ isAsking: false });
  const id = operation.operationId;
  const asked: TriedRequest = { listed, values, type: bodies[chosen]?.type, body, key: apiKey };
  const choose = (index: number) => {
    setChosen(index);
    setBody(bodies[index]?.text ?? "");
  };
  const ask = () => {
    setOutcome({ isAsking: true });
    send(asked).then(
      (answered) => setOutcome({ answered, isAsking: false }),
      () => setOutcome({ trouble: "The service does not answer.", isAsking: false }),
    );
  };
  return (
    <form
      class="stack tight"
      onSubmit={(event) => {
        event.preventDefault();
        ask();
      }}
    >
      <div class="fields">
        {operation.parameters.map((parameter) => {
          const at = slot(parameter.in, parameter.name);
          const change = (value: string) => setValues({ ...values, [at]: value });
          return <ParameterField key={at} id={id} parameter={parameter} value={values[at] ?? ""} onChange={change} />;
        })}
      </div>
      {bodies.length === 0 ? null : (
        <BodyField id={id} bodies={bodies} chosen={chosen} onChoose={choose} text={body} onText={setBody} />
      )}
      <Command text={commandOf(asked)} />
      <div class="row">
        <button type="submit" class="button primary" disabled={outcome.isAsking}>
          {outcome.isAsking ? "Sending …" : "Send"}
        </button>
        <span class="small muted">
          {method === "get" ? "" : "This is done for good, as by any other client. "}
          {apiKey === "" && operation.security.length > 0 ? "No key is set: it stands on top of the page." : ""}
        </span>
      </div>
      <div aria-live="polite">
        {outcome.trouble === undefined ? null : <Mark kind="bad">{outcome.trouble}</Mark>}
        {outcome.answered === undefined ? null : <Answer answered={outcome.answered} />}
      </div>
    </form>
  );
}

function Answer({ answered: { status, type, headers, text, ms, isCut } }: { readonly answered: TriedAnswer }) {
  return (
    <div class="stack tight">
      <p class="row">
        <Mark kind={status < 400 ? "good" : "bad"}>{String(status)}</Mark>
        <span class="small muted">
          {type} · {ms} ms{isCut ? " · only its beginning is shown" : ""}
        </span>
      </p>
      {text === "" ? null : <Command text={readable(type, text)} what="answer" />}
      <details class="schema">
        <summary>Headers</summary>
        <pre class="small">{headers.map(([name, value]) => `${name}: ${value}`).join("\n")}</pre>
      </details>
    </div>
  );
}

function readable(type: string, text: string): string {
  if (!/[/+]json/.test(type)) return text;
  try {
    return JSON.stringify(readJson(text), null, 2);
  } catch {
    return text;
  }
}
