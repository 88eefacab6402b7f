/**
 * The contract's sources where block explorers look for them: in the layout of Sourcify's repository, readable for pages of
 * every origin, because everybody has them. Like the pages they are files, and no part of the API.
 * Why: docs/decisions/0186.
 */

import { Problem } from "../../problem.ts";
import { type Reply, within } from "../../reply.ts";
import type { Services } from "../../services.ts";

/** Express's spelling: `match` is full_match or partial_match, `file` everything that follows. */
export const CONTRACT_FILES_PATH = "/contracts/:match/:chainId/:address/*file";
/** As it is counted. */
export const CONTRACT_FILES_ROUTE = "/contracts/{match}/{chainId}/{address}/{file}";

/** Also of what is not there: an explorer that may not read an answer takes it for a fault. */
const READABLE = { "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin" };

/** What a request asks for, as it stands in its path; nothing of it was checked. */
export type ContractFilePath = {
  readonly match: string;
  readonly chainId: string;
  readonly address: string;
  readonly file: string;
};

type Asked = Pick<Services, "contractFile" | "limits">;

/** GET /contracts/full_match/{chainId}/{address}/… @throws Problem route_unknown */
export async function readContractFile({ contractFile, limits }: Asked, asked: ContractFilePath): Promise<Reply> {
  const { match, chainId, address, file } = asked;
  const isAsked = match === "full_match" && contractFile !== undefined && /^[1-9]\d{0,15}$/.test(chainId);
  const found = isAsked
    ? await within(limits.answerMs, contractFile(Number(chainId), address, file), "asking again is safe")
    : undefined;
  if (found === undefined) {
    const expected =
      "expected a file about the contract of a chain that this service anchors on, such as metadata.json";
    throw new Problem("route_unknown", `${expected}, got ${JSON.stringify(file.slice(0, 100))}`, { headers: READABLE });
  }
  const type = file.endsWith(".json") ? "application/json" : "text/plain; charset=utf-8";
  return { status: 200, body: found, type, caching: "immutable", isShared: true, headers: READABLE };
}
