/** Audit events of Teleport as its event handler posts them: a name, a code such as T1000I, and a `uid` that stays the same. */

import { asMessage, asText, firstText, fitForMember, type JsonObject, known } from "../../text/foreign-values.ts";
import { outcomeOf } from "../../text/outcomes.ts";
import { foreignTime } from "../../text/times.ts";

const CODE = /^T[A-Z0-9]{3,7}[IEW]$/;
/** An address with its port, an IPv6 one in brackets. */
const ADDRESS = /^\[?([0-9A-Fa-f.:]+?)\]?(?::\d{1,5})?$/;

export function teleportEvent(record: JsonObject): JsonObject | undefined {
  const { event, code, uid } = record;
  const id = asText(uid);
  const name = asText(event, 200);
  if (id === undefined || name === undefined || typeof code !== "string" || !CODE.test(code)) return undefined;
  const target = firstText(
    record.server_hostname,
    record.kubernetes_cluster,
    record.db_service,
    record.app_name,
    record.name,
  );
  const user = asText(record.user);
  const context = known({
    ip: ADDRESS.exec(firstText(record["addr.remote"]) ?? "")?.[1],
    user_agent: asText(record.user_agent, 2048),
    session: asText(record.sid),
  });
  return known({
    id,
    action: `teleport.${name}`,
    time: foreignTime(record.time),
    actor: user === undefined ? { type: "system", id: "teleport" } : { type: "user", id: user },
    targets: target === undefined ? undefined : [{ type: "resource", id: target }],
    outcome: outcomeOf(record.success) ?? (code.endsWith("E") ? "failure" : "unknown"),
    context: Object.keys(context).length === 0 ? undefined : context,
    source: firstText(record.cluster_name) ?? "teleport",
    message: asMessage(record.message),
    metadata: fitForMember(record),
  });
}
