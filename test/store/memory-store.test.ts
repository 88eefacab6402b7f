import { MemoryStore } from "./memory-store.ts";
import { storeSuite } from "./suite.ts";

storeSuite("the memory store", async () => new MemoryStore());
