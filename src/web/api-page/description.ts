/** The published description as this page reads it, and its operations as they are listed. */

export type DescribedSchema = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, DescribedSchema>>;
  readonly required?: readonly string[];
  readonly items?: DescribedSchema;
  readonly additionalProperties?: DescribedSchema | boolean;
  readonly anyOf?: readonly DescribedSchema[];
  readonly oneOf?: readonly DescribedSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
};

export type DescribedParameter = {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: boolean;
  readonly description?: string;
  readonly example?: unknown;
  readonly schema: DescribedSchema;
};

type Example = { readonly value: unknown };
export type DescribedContent = Readonly<
  Record<string, { readonly schema: DescribedSchema; readonly examples?: Readonly<Record<string, Example>> }>
>;
type Header = { readonly description?: string };

export type DescribedOperation = {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly parameters: readonly DescribedParameter[];
  readonly requestBody?: {
    readonly description: string;
    readonly required: boolean;
    readonly content: DescribedContent;
  };
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly description: string;
        readonly headers?: Readonly<Record<string, Header>>;
        readonly content?: DescribedContent;
      }
    >
  >;
};

export type ApiDescription = {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, DescribedSchema>>;
    readonly securitySchemes: Readonly<Record<string, { readonly description: string; readonly name?: string }>>;
  };
};

export type ListedOperation = {
  readonly method: string;
  readonly path: string;
  readonly operation: DescribedOperation;
};
type Group = { readonly name: string; readonly operations: readonly ListedOperation[] };

/** The operations that a text is found in, by what they are about. */
export function groupsOf({ tags, paths }: ApiDescription, wanted: string): Group[] {
  const text = wanted.trim().toLowerCase();
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );
  const found = all.filter(({ method, path, operation }) =>
    `${method} ${path} ${operation.operationId} ${operation.summary}`.toLowerCase().includes(text),
  );
  const groups = tags.map(({ name }) => ({
    name,
    operations: found.filter(({ operation }) => operation.tags.includes(name)),
  }));
  return groups.filter(({ operations }) => operations.length > 0);
}

/** Name of the schema that a reference leads to. */
export function nameOfReference({ $ref }: DescribedSchema): string | undefined {
  return $ref?.replace("#/components/schemas/", "");
}

/** What a value may be, in a few words. */
export function wordsFor(schema: DescribedSchema): string {
  const name = nameOfReference(schema);
  if (name !== undefined) return name;
  const several = schema.anyOf ?? schema.oneOf;
  if (several !== undefined) return several.map(wordsFor).join(" or ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => String(value)).join(", ");
  if (schema.type === "array") return `list of ${schema.items === undefined ? "anything" : wordsFor(schema.items)}`;
  const type = schema.format ?? [schema.type ?? "anything"].flat().join(" or ");
  return `${type}${limitsOf(schema)}`;
}

function limitsOf({ minimum, maximum, minLength, maxLength, pattern }: DescribedSchema): string {
  const most = maximum === Number.MAX_SAFE_INTEGER ? "2^53-1" : maximum;
  if (minimum !== undefined || maximum !== undefined) return `, ${minimum ?? "…"} to ${most ?? "…"}`;
  if (maxLength !== undefined) return `, ${minLength ?? 0} to ${maxLength} characters`;
  return pattern === undefined ? "" : `, ${pattern}`;
}
