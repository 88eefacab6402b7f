/** What Kubernetes and Docker put into the environment is known for what it is; what was set wrong is refused. */

import assert from "node:assert/strict";
import test from "node:test";
import { readConfig } from "../../src/service/config.ts";
import { ConfigError } from "../../src/service/settings/setting-errors.ts";

/** As kubelet makes them (`pkg/kubelet/envvars`), for Services of some names and kinds. */
const KUBERNETES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  holdfast: {
    HOLDFAST_SERVICE_HOST: "10.96.4.12",
    HOLDFAST_SERVICE_PORT: "4600",
    HOLDFAST_SERVICE_PORT_HTTP_API: "4600",
    HOLDFAST_PORT: "tcp://10.96.4.12:4600",
    HOLDFAST_PORT_4600_TCP: "tcp://10.96.4.12:4600",
    HOLDFAST_PORT_4600_TCP_PROTO: "tcp",
    HOLDFAST_PORT_4600_TCP_PORT: "4600",
    HOLDFAST_PORT_4600_TCP_ADDR: "10.96.4.12",
  },
  "holdfast-data, with addresses of IPv6": {
    HOLDFAST_DATA_SERVICE_HOST: "fd00:10:96::c",
    HOLDFAST_DATA_SERVICE_PORT: "80",
    HOLDFAST_DATA_PORT: "udp://[fd00:10:96::c]:80",
    HOLDFAST_DATA_PORT_80_UDP: "udp://[fd00:10:96::c]:80",
    HOLDFAST_DATA_PORT_80_UDP_PROTO: "udp",
    HOLDFAST_DATA_PORT_80_UDP_PORT: "80",
    HOLDFAST_DATA_PORT_80_UDP_ADDR: "fd00:10:96::c",
  },
  "holdfast-2-sctp": {
    HOLDFAST_2_SCTP_SERVICE_HOST: "10.0.0.1",
    HOLDFAST_2_SCTP_PORT_9_SCTP: "sctp://10.0.0.1:9",
    HOLDFAST_2_SCTP_PORT_9_SCTP_PROTO: "sctp",
  },
};

/** As `docker run --link holdfast` makes them, of a port, of a range of ports, and of the other's own variables. */
const DOCKER = {
  HOLDFAST_NAME: "/prober/holdfast",
  HOLDFAST_PORT: "tcp://172.17.0.2:4600",
  HOLDFAST_PORT_4600_TCP: "tcp://172.17.0.2:4600",
  HOLDFAST_PORT_4600_TCP_ADDR: "172.17.0.2",
  HOLDFAST_PORT_4600_TCP_START: "tcp://172.17.0.2:4600",
  HOLDFAST_PORT_4600_TCP_PORT_START: "4600",
  HOLDFAST_PORT_4600_TCP_PORT_END: "4601",
  HOLDFAST_ENV_NODE_VERSION: "24.21.0",
  HOLDFAST_ENV_HOLDFAST_LISTEN: "0.0.0.0:4600",
  HOLDFAST_1_NAME: "/prober/holdfast_1",
  HOLDFAST_1_PORT: "tcp://172.17.0.3:4600",
};

for (const [name, env] of Object.entries({ ...KUBERNETES, "a link of Docker": DOCKER })) {
  test(`a start minds nothing of the variables for ${name}`, () => {
    const expected = readConfig({ HOLDFAST_LISTEN: "127.0.0.1:4605" });
    assert.deepEqual(readConfig({ ...env, HOLDFAST_LISTEN: "127.0.0.1:4605" }), expected);
  });
}

const MISTAKES: readonly (readonly [string, string])[] = [
  ["HOLDFAST_LISTN", "127.0.0.1:4600"],
  ["HOLDFAST_PORT", "4600"],
  ["HOLDFAST_PORT", "http://127.0.0.1:4600"],
  ["HOLDFAST_HOST", "10.0.0.1"],
  ["HOLDFAST_SERVICE_HOST", "holdfast.example"],
  ["HOLDFAST_SERVICE_PORT", "http"],
  ["HOLDFAST_LISTEN_PORT", "4600"],
  ["HOLDFAST_PORT_TCP", "tcp://10.0.0.1:1"],
  ["HOLDFAST_NAME", "main"],
  ["HOLDFAST_ENV_LISTEN", "127.0.0.1:4600"],
  ["HOLDFAST_LOG_LEVEL", "debug"],
];

for (const [name, value] of MISTAKES) {
  test(`${name}=${value} is refused, and named`, () => {
    const isNamed = (error: unknown) =>
      error instanceof ConfigError && new RegExp(`the variable ${name}(?:; is [A-Z_]+ meant\\?)?$`).test(error.message);
    assert.throws(() => readConfig({ [name]: value }), isNamed);
  });
}
