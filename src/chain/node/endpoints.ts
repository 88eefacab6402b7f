/**
 * Several JSON-RPC endpoints of one chain, the preferred one first: reads go to the first healthy one, broadcasts to
 * all. An endpoint is asked for its chain id before it is used, and again after every failure to answer.
 * Why: docs/decisions/0041.
 */

import { ChainError } from "../chain.ts";

/** One JSON-RPC endpoint; `request` ends in time and throws ChainError. */
export type Endpoint = {
  /** For people: host and port, nothing that could hold a key. */
  readonly name: string;
  readonly request: (method: string, params: readonly unknown[]) => Promise<unknown>;
  readonly close: () => void;
};

type State = { readonly endpoint: Endpoint; checked: boolean; restUntil: number };

/** How long an endpoint that did not answer is asked last. */
const REST_MS = 15_000;

export class Endpoints {
  readonly #states: readonly State[];
  readonly #chainId: number;
  readonly #now: () => number;

  /** @param now milliseconds since any moment */
  constructor(endpoints: readonly Endpoint[], chainId: number, now: () => number = Date.now) {
    if (endpoints.length === 0) throw new RangeError("expected at least one endpoint, got none");
    this.#states = endpoints.map((endpoint) => ({ endpoint, checked: false, restUntil: 0 }));
    this.#chainId = chainId;
    this.#now = now;
  }

  get count(): number {
    return this.#states.length;
  }

  /** Answer of the first endpoint that has one. */
  async read(method: string, params: readonly unknown[]): Promise<unknown> {
    const [answer] = await this.readSome(method, params, 1);
    return answer;
  }

  /**
   * Answers of up to `wanted` endpoints, at least one.
   * @throws ChainError of the first endpoint when none answered, or the first that is about the question itself
   */
  async readSome(method: string, params: readonly unknown[], wanted: number): Promise<unknown[]> {
    const answers: unknown[] = [];
    let failure: ChainError | undefined;
    for (const state of this.#order()) {
      try {
        answers.push(await this.#ask(state, method, params));
        if (answers.length >= wanted) break;
      } catch (error) {
        const failed = asChainError(error);
        if (!isOfEndpoint(failed)) throw failed;
        failure ??= failed;
      }
    }
    if (answers.length > 0) return answers;
    throw failure ?? new ChainError("unavailable", "no endpoint answered");
  }

  /** @throws ChainError wrong_chain when any endpoint that answers is one of another chain */
  async checkAll(): Promise<void> {
    const outcomes = await this.each("eth_chainId", []);
    const wrong = outcomes.find((outcome) => outcome?.kind === "wrong_chain");
    if (wrong !== undefined) throw wrong;
  }

  /** What each endpoint said to a request that is sent to all of them; never throws. */
  async each(method: string, params: readonly unknown[]): Promise<(ChainError | undefined)[]> {
    return Promise.all(
      this.#states.map(async (state) => {
        try {
          await this.#ask(state, method, params);
          return undefined;
        } catch (error) {
          return asChainError(error);
        }
      }),
    );
  }

  close(): void {
    for (const { endpoint } of this.#states) endpoint.close();
  }

  #order(): State[] {
    const now = this.#now();
    return [...this.#states].sort((a, b) => Number(a.restUntil > now) - Number(b.restUntil > now));
  }

  async #ask(state: State, method: string, params: readonly unknown[]): Promise<unknown> {
    try {
      if (!state.checked) await this.#check(state);
      const answer = await state.endpoint.request(method, params);
      state.restUntil = 0;
      return answer;
    } catch (error) {
      const failed = asChainError(error);
      if (failed.kind === "unavailable" || failed.kind === "wrong_chain") {
        state.restUntil = this.#now() + REST_MS;
        state.checked = false;
      }
      throw failed;
    }
  }

  async #check(state: State): Promise<void> {
    const answer = await state.endpoint.request("eth_chainId", []);
    const chainId = typeof answer === "string" ? Number(answer) : Number.NaN;
    if (!Number.isSafeInteger(chainId)) {
      throw new ChainError("unavailable", `${state.endpoint.name}: expected a chain id, got something else`);
    }
    if (chainId !== this.#chainId) {
      const message = `${state.endpoint.name}: expected chain ${this.#chainId}, got chain ${chainId}`;
      throw new ChainError("wrong_chain", message);
    }
    state.checked = true;
  }
}

/** Whether another endpoint may answer where this one failed. */
function isOfEndpoint({ kind }: ChainError): boolean {
  return kind === "unavailable" || kind === "state_missing" || kind === "unknown" || kind === "wrong_chain";
}

function asChainError(error: unknown): ChainError {
  if (error instanceof ChainError) return error;
  throw error;
}
