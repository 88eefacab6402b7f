/** Log4j 2 from Maven Central: its HttpAppender as its page says, and its Syslog appender. */

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MAY_BE_LOST, MAY_BE_LOST_OR_TWICE, ONCE, type OutageSender, type Speaking } from "./outage.ts";
import { KEPT, missing, Program, pasted, prepared } from "./program.ts";
import type { Place } from "./trouble.ts";

const VERSION = "2.26.1";
const FOLDER = join(KEPT, `log4j-${VERSION}`);

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>none</groupId><artifactId>none</artifactId><version>1</version><dependencies>
${["log4j-core", "log4j-layout-template-json"].map((artifact) => `<dependency><groupId>org.apache.logging.log4j</groupId><artifactId>${artifact}</artifactId><version>${VERSION}</version></dependency>`).join("\n")}
</dependencies></project>`;

/** Logs every line of its input, and says on its output that it has. */
const PROGRAM = `import java.io.*;
import org.apache.logging.log4j.*;
public class Say {
  public static void main(String[] args) throws Exception {
    Logger log = LogManager.getLogger("audit");
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    System.out.println("ready");
    for (String line; (line = in.readLine()) != null; ) log.info(line);
  }
}`;

function prepare(): string | undefined {
  const absent = missing("java", "-version") ?? missing("mvn", "-version");
  if (absent !== undefined) return absent;
  const lib = join(FOLDER, "lib");
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, "pom.xml"), POM);
  writeFileSync(join(FOLDER, "Say.java"), PROGRAM);
  if (existsSync(join(FOLDER, "Say.class"))) return undefined;
  return (
    prepared(FOLDER, ["mvn", "-q", "-B", "dependency:copy-dependencies", `-DoutputDirectory=${lib}`]) ??
    prepared(FOLDER, ["javac", "-cp", `${lib}/*`, "Say.java"])
  );
}

function start(place: Place, name: string, appender: string): Speaking | string {
  const failed = prepare();
  if (failed !== undefined) return failed;
  const config = place.world.path(`log4j2-${name}.xml`);
  writeFileSync(
    config,
    `<Configuration><Appenders>${appender}</Appenders>
<Loggers><Root level="info"><AppenderRef ref="holdfast"/></Root></Loggers></Configuration>`,
  );
  const command = [
    "java",
    "-Xmx128m",
    `-Dlog4j2.configurationFile=${config}`,
    "-cp",
    `${FOLDER}/lib/*:${FOLDER}`,
    "Say",
  ];
  return new Program(command as [string, ...string[]]).speaking();
}

export const JAVA: readonly OutageSender[] = [
  {
    name: "log4j2 HttpAppender",
    format: "logs",
    // It sends in the call that logs, and tries nothing again.
    fates: { killed: MAY_BE_LOST, hanging: ONCE, full: MAY_BE_LOST },
    start: async (place) => start(place, "http", pasted("log4j2", place)),
  },
  {
    name: "log4j2 Syslog over TCP",
    format: "syslog",
    fates: { killed: MAY_BE_LOST_OR_TWICE, hanging: ONCE, full: ONCE },
    start: async (place) =>
      start(
        place,
        "syslog",
        `<Syslog name="holdfast" format="RFC5424" host="127.0.0.1" port="${place.syslogPort}" protocol="TCP" appName="payments" facility="AUTHPRIV" newLine="true"/>`,
      ),
  },
];
