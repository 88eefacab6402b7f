/** What the API answers about rules, and where the pages about them are. */

import { routeHash } from "../route.ts";

export type RequirementAnswer = {
  readonly name: string;
  readonly actions?: readonly string[];
  readonly formats?: readonly string[];
  readonly members?: readonly string[];
  readonly schema?: string;
  readonly knownSchema?: boolean;
};

export type RequirementsAnswer = {
  readonly requirements: readonly RequirementAnswer[];
  /** 0 while none were ever put. */
  readonly version: number;
  readonly putAt?: number;
  readonly source?: string;
};

export type SchemaAnswer = {
  readonly name: string;
  readonly isUsed: boolean;
  readonly putAt: number;
  readonly source: string;
  readonly digest: string;
  /** In the answer about one of them. */
  readonly document?: unknown;
};

export type ViolationAnswer = {
  readonly requirement?: string;
  readonly schema?: string;
  readonly refused: number;
  readonly quarantined: number;
  readonly lastAt: number;
  readonly lastSource: string;
};

export type ViolationsAnswer = { readonly since: number; readonly violations: readonly ViolationAnswer[] };

export type PreviewAnswer = {
  readonly looked: number;
  readonly refused: number;
  readonly quarantined: number;
  readonly complete: boolean;
  readonly violations: readonly {
    readonly index: number;
    readonly format: string;
    readonly path: string;
    readonly expected: string;
    readonly got: string;
  }[];
};

/** Where the pages about rules are. */
export function rulesHref(ledger: string, query: Readonly<Record<string, string>> = {}): string {
  return routeHash({ ledger, page: "rules", query: new URLSearchParams(query) });
}
