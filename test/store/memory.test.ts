import { MemoryStore } from "../../src/store/memory.ts";
import { storeSuite } from "./suite.ts";

storeSuite("the memory store", async () => new MemoryStore());
