import { governedSuite } from "./governed-suite.ts";
import { MemoryStore } from "./memory-store.ts";
import { storeSuite } from "./suite.ts";

for (const suite of [storeSuite, governedSuite]) suite("the memory store", async () => new MemoryStore());
