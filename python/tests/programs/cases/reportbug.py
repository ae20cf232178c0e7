# reportbug sends a report, and a copy to the reporter.
# package: reportbug
# file: reportbug/submit.py
# change: s/^import smtplib$/from envoi import smtplib/
# server: tls
# server: login
import os
import pathlib

work = os.environ["WORK"]
pathlib.Path(work, "apt/lists/partial").mkdir(parents=True)
pathlib.Path(work, "apt.conf").write_text(f"""Dir::State "{work}/apt"; Dir::Cache "{work}/apt"; Dir::State::status "/dev/null";
Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "/dev/null";
""", encoding="utf-8")
os.environ["APT_CONFIG"] = work + "/apt.conf"  # this machine's packages do not matter

from reportbug import submit, ui  # noqa: E402

submit.ui = ui.text_ui
submit.send_report("Package: hello\nVersion: 2.10\nSeverity: minor\n\nIt greets in a größer way.\n.dot\n", [], None,
                   "Me <me@example.org>", "submit@bugs.example", "copy@example.net", "me@example.org",
                   [("Subject", "hello: greets")], "hello", mailing=True, smtphost=f"localhost:{os.environ['PORT']}",
                   smtptls=True, smtpuser="me", smtppasswd="secret", draftpath=work, exinfo=None)
