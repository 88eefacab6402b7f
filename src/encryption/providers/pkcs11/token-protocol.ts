/** What the service and the process of a token say to each other; bytes as base64. */

import type { TokenFault, TokenPlace } from "./token.ts";

export type TokenTask =
  /** Which key is in force: its version. */
  | { readonly task: "look" }
  | { readonly task: "wrap" | "unwrap"; readonly version: string; readonly context: string; readonly bytes: string };

export type TokenQuestion = { readonly n: number; readonly place: TokenPlace; readonly task: TokenTask };

/** What it has to say, or why it has nothing. */
export type TokenAnswer = { readonly said: string; readonly fault?: TokenFault };
