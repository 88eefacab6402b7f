/** Senders of the host itself: the journal. */

import { lines, type Sender } from "./sender.ts";

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
];
