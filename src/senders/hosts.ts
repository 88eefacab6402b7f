/** Senders of the host itself: syslog and the journal. */

import { lines, type Sender } from "./sender.ts";

const LISTENER =
  "Off until a listener is configured, as by HOLDFAST_SYSLOG_TLS; its settings name the ledger and the source.";
const NO_ANSWER =
  "Syslog has no answers: what is on its way when the service goes away can be lost, and nobody is told.";

export const HOSTS: readonly Sender[] = [
  {
    id: "journald",
    title: "systemd journal",
    group: "Hosts",
    format: "journal",
    key: "path",
    path: "/in/{{key}}/journal/upload",
    snippets: [
      {
        where: "In /etc/systemd/journal-upload.conf; then systemctl enable --now systemd-journal-upload",
        language: "",
        text: lines(
          "[Upload]",
          "URL={{url}}/in/{{key}}/journal",
          "TrustedCertificateFile=/etc/ssl/certs/ca-certificates.crt",
        ),
      },
    ],
    page: "journald",
    notes: [
      "It puts /upload behind the URL.",
      "Whatever is not answered well ends it: let systemd start it again (Restart=always, RestartSec=5), it goes on where it stopped.",
    ],
  },
  {
    id: "rsyslog",
    title: "rsyslog, over TLS",
    group: "Hosts",
    format: "syslog",
    key: "network",
    path: "tls",
    snippets: [
      {
        where: "In /etc/rsyslog.d/holdfast.conf",
        language: "",
        text: lines(
          'global(DefaultNetstreamDriverCAFile="/etc/ssl/holdfast-ca.pem")',
          'action(type="omfwd" target="{{host}}" port="6514" protocol="tcp" TCP_Framing="octet-counted"',
          '       template="RSYSLOG_SyslogProtocol23Format"',
          '       StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="{{host}}"',
          '       queue.type="LinkedList" queue.filename="holdfast" queue.saveOnShutdown="on" action.resumeRetryCount="-1")',
        ),
      },
    ],
    page: "syslog",
    notes: [LISTENER, NO_ANSWER],
  },
  {
    id: "syslog-ng",
    title: "syslog-ng, over TLS",
    group: "Hosts",
    format: "syslog",
    key: "network",
    path: "tls",
    snippets: [
      {
        where: "In syslog-ng.conf",
        language: "",
        text: lines(
          "destination d_holdfast {",
          '  syslog("{{host}}" port(6514) transport("tls") tls(ca-file("/etc/ssl/holdfast-ca.pem")) ts-format(iso) frac-digits(6) disk-buffer(reliable(yes) disk-buf-size(1073741824)));',
          "};",
          "log { source(s_src); destination(d_holdfast); };",
        ),
      },
    ],
    page: "syslog",
    notes: [LISTENER, NO_ANSWER],
  },
];
