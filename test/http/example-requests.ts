/** Requests made of the examples that the published description has: where they go, what they ask, and what they bring. */

import { type Described, DOCUMENT } from "./described.ts";

export type DescribedOperation = {
  /** In capitals. */
  readonly method: string;
  readonly route: string;
  readonly described: Described;
};

export const DESCRIBED_OPERATIONS: readonly DescribedOperation[] = Object.entries(DOCUMENT.paths).flatMap(
  ([route, methods]) =>
    Object.entries(methods).map(([method, described]) => ({ method: method.toUpperCase(), route, described })),
);

/** The path of an operation with examples in it; `given` in their place. */
export function examplePath(
  route: string,
  { parameters }: Described,
  given: Readonly<Record<string, string>> = {},
): string {
  return route.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const example = parameters.find((each) => each.in === "path" && each.name === name)?.example;
    return encodeURIComponent(given[name] ?? String(example ?? "0"));
  });
}

/** The query of an operation with examples in it, and `more`. */
export function exampleQuery({ parameters }: Described, more: Readonly<Record<string, string>> = {}): string {
  const examples = parameters
    .filter((each) => each.in === "query" && each.example !== undefined)
    .map(({ name, example }): [string, string] => [name, String(example)]);
  return new URLSearchParams({ ...Object.fromEntries(examples), ...more }).toString();
}

/** Every example of a body, with its operation. */
export function exampleBodies(operation: DescribedOperation) {
  return Object.entries(operation.described.requestBody?.content ?? {}).flatMap(([type, { schema, examples = {} }]) =>
    Object.entries(examples).map(([name, { value }]) => ({ ...operation, type, schema, name, value })),
  );
}
